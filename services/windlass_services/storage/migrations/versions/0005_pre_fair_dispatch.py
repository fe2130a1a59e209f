"""Fair order in a queue, catch-up policies, teardowns, deletions, unpublished events, buckets."""

import sqlalchemy as sa
from alembic import op

from windlass_services.storage.tables import Json, Timestamp

revision = "0005_0"
down_revision = "0004_0"

_IN_LINE = "rank < 4611686018427387904"
_NOT_IN_LINE = "rank >= 4611686018427387904"
_HELD_BACK = "rank >= 4611686018427387904 AND rank < 9223372036854775807"
_NOT_DUE = 9223372036854775807
_NOW = {"postgresql": "now()", "sqlite": "CAST(strftime('%s', 'now') AS INTEGER) * 1000000"}
_INDEXES = {
    "ix_dispatchable__work_queue_id_run_priority_rank": (
        ["work_queue_id", "run_priority", "rank"],
        _IN_LINE,
    ),
    "ix_dispatchable__work_queue_id_deployment_id_run_priority_rank": (
        ["work_queue_id", "deployment_id", "run_priority", "rank"],
        _IN_LINE,
    ),
    "ix_dispatchable__arrivals": (["work_queue_id", "due_at"], _NOT_IN_LINE),
    "ix_dispatchable__held_back": (["deployment_id", "run_priority", "rank"], _HELD_BACK),
}
_WHERE_SET = {
    "ix_flow_run__workspace_id_deployment_id_id": ["workspace_id", "deployment_id", "id"],
    "ix_flow_run__workspace_id_work_queue_id_id": ["workspace_id", "work_queue_id", "id"],
    "ix_flow_run__workspace_id_work_pool_id_state_type": [
        "workspace_id",
        "work_pool_id",
        "state_type",
    ],
    "ix_flow_run__workspace_id_parent_task_run_id": ["workspace_id", "parent_task_run_id"],
}
"""Of flow runs: one without the second column is in none of them any more."""


def upgrade() -> None:
    op.add_column("deployment", sa.Column("catch_up", Json))
    _index_where("ix_deployment__catch_up", "deployment", ["id"], "catch_up IS NOT NULL")
    for name, (columns, where) in _INDEXES.items():
        _index_where(name, "dispatchable", columns, where)
    # What is not due yet is not in line yet, or claims would walk over it.
    now = _NOW[op.get_context().dialect.name]
    op.execute(f"UPDATE dispatchable SET rank = {_NOT_DUE} WHERE due_at > {now}")
    _create_teardowns()
    op.create_table(
        "deletion",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=False),
        sa.Column("created", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deletion")),
    )
    op.create_index("ix_deletion__object_id", "deletion", ["object_id"])
    op.create_table(
        "unpublished",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("since", Timestamp, nullable=False),
        sa.Column("until", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unpublished")),
    )
    _create_trigger_buckets()
    for name, columns in _WHERE_SET.items():
        op.drop_index(name, "flow_run")
        _index_where(name, "flow_run", columns, f"{columns[1]} IS NOT NULL")


def _index_where(name: str, table: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)


def _create_teardowns() -> None:
    op.create_table(
        "teardown",
        sa.Column("execution_id", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("flow_run_id", sa.Uuid(), nullable=False),
        sa.Column("work_pool_id", sa.Uuid(), nullable=False),
        sa.Column("handle", Json, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", Timestamp, nullable=False),
        sa.Column("last_error", sa.Text()),
        sa.Column("given_up_at", Timestamp),
        sa.Column("created", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("execution_id", name=op.f("pk_teardown")),
    )
    _index_where(
        "ix_teardown__work_pool_id_next_attempt_at",
        "teardown",
        ["work_pool_id", "next_attempt_at"],
        "given_up_at IS NULL",
    )


def _create_trigger_buckets() -> None:
    op.create_table(
        "trigger_bucket",
        sa.Column("automation_id", sa.Uuid(), nullable=False),
        sa.Column("trigger_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("counted", Json, nullable=False),
        sa.Column("window_start", Timestamp),
        sa.Column("due", Timestamp),
        sa.Column("updated", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint(
            "automation_id", "trigger_id", "key", name=op.f("pk_trigger_bucket")
        ),
        sa.ForeignKeyConstraint(
            ["automation_id"],
            ["automation.id"],
            name=op.f("fk_trigger_bucket__automation_id"),
            ondelete="CASCADE",
        ),
    )
    _index_where("ix_trigger_bucket__due", "trigger_bucket", ["due"], "due IS NOT NULL")


def downgrade() -> None:
    for name, columns in _WHERE_SET.items():
        op.drop_index(name, "flow_run")
        op.create_index(name, "flow_run", columns)
    op.drop_table("trigger_bucket")
    op.drop_table("unpublished")
    op.drop_table("deletion")
    op.drop_table("teardown")
    for name in _INDEXES:
        op.drop_index(name, "dispatchable")
    op.drop_index("ix_deployment__catch_up", "deployment")
    op.drop_column("deployment", "catch_up")
