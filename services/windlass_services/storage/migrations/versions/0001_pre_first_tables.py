"""The first tables."""

from alembic import op
from sqlalchemy.schema import CreateIndex, CreateTable, DropTable

from windlass_services.storage import tables
from windlass_services.storage.migrations.comparing import is_postgresql_only
from windlass_services.storage.partitions import default_partition_name

revision = "0001_0"
down_revision = None

_TABLES = (
    tables.flow,
    tables.deployment,
    tables.deployment_schedule,
    tables.work_pool,
    tables.work_queue,
    tables.worker,
    tables.flow_run,
    tables.flow_run_state,
    tables.execution,
    tables.dispatchable,
    tables.task_run,
    tables.task_run_state,
    tables.event,
    tables.log,
    tables.outbox,
    tables.partition_lease,
    tables.consumer_progress,
    tables.service_beat,
    tables.configuration,
    tables.artifact,
    tables.artifact_collection,
    tables.automation,
    tables.automation_related_resource,
    tables.block_document,
    tables.block_document_reference,
    tables.block_schema,
    tables.block_schema_reference,
    tables.block_type,
    tables.concurrency_limit,
    tables.csrf_token,
    tables.flow_run_input,
    tables.saved_search,
    tables.slot_lease,
    tables.task_worker,
    tables.variable,
)


def upgrade() -> None:
    is_postgresql = op.get_context().dialect.name == "postgresql"
    for table in _TABLES:
        op.execute(CreateTable(table))
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            if is_postgresql or not is_postgresql_only(index):
                op.execute(CreateIndex(index))
        if is_postgresql and table in tables.PARTITIONED_BY_DAY:
            default = default_partition_name(table)
            op.execute(f"CREATE TABLE {default} PARTITION OF {table.name} DEFAULT")


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.execute(DropTable(table))
