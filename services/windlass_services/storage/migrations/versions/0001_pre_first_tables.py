"""The first tables: frozen with 0.1.0, as text, so that no change of `tables` changes them."""

from pathlib import Path

from alembic import op

revision = "0001_0"
down_revision = None

_TABLES = (
    "flow",
    "deployment",
    "deployment_schedule",
    "work_pool",
    "work_queue",
    "worker",
    "flow_run",
    "flow_run_state",
    "execution",
    "dispatchable",
    "task_run",
    "task_run_state",
    "event",
    "log",
    "outbox",
    "partition_lease",
    "consumer_progress",
    "service_beat",
    "configuration",
    "artifact",
    "artifact_collection",
    "automation",
    "automation_related_resource",
    "block_document",
    "block_document_reference",
    "block_schema",
    "block_schema_reference",
    "block_type",
    "concurrency_limit",
    "csrf_token",
    "flow_run_input",
    "saved_search",
    "slot_lease",
    "task_worker",
    "variable",
)


def upgrade() -> None:
    dialect = op.get_context().dialect.name
    text = Path(__file__).with_suffix(f".{dialect}.sql").read_text("utf-8")
    for statement in text.split(";\n"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.execute(f"DROP TABLE {table}")
