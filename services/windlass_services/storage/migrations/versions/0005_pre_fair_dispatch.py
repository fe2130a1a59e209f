"""Fair order between the deployments of a queue, catch-up policies, teardowns, deletions."""

import sqlalchemy as sa
from alembic import op

from windlass_services.storage.tables import Json, Timestamp

revision = "0005_0"
down_revision = "0004_0"

_INDEXES = {
    "ix_dispatchable__work_queue_id_run_priority_rank": ["work_queue_id", "run_priority", "rank"],
    "ix_dispatchable__work_queue_id_deployment_id_run_priority_rank": [
        "work_queue_id",
        "deployment_id",
        "run_priority",
        "rank",
    ],
}


def upgrade() -> None:
    op.add_column("deployment", sa.Column("catch_up", Json))
    for name, columns in _INDEXES.items():
        op.create_index(name, "dispatchable", columns)
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
    op.create_index(
        "ix_teardown__work_pool_id_next_attempt_at",
        "teardown",
        ["work_pool_id", "next_attempt_at"],
        sqlite_where=sa.text("given_up_at IS NULL"),
        postgresql_where=sa.text("given_up_at IS NULL"),
    )
    op.create_table(
        "deletion",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=False),
        sa.Column("created", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deletion")),
    )


def downgrade() -> None:
    op.drop_table("deletion")
    op.drop_table("teardown")
    for name in _INDEXES:
        op.drop_index(name, "dispatchable")
    op.drop_column("deployment", "catch_up")
