"""Background task runs that wait for a task worker, or are with one."""

import sqlalchemy as sa
from alembic import op

from windlass_services.storage.tables import Timestamp

revision = "0002_0"
down_revision = "0001_0"


def upgrade() -> None:
    waiting = sa.text("worker IS NULL")
    op.create_table(
        "task_delivery",
        sa.Column("task_run_id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("task_key", sa.Text(), nullable=False),
        sa.Column("task_parameters_id", sa.Uuid()),
        sa.Column("due", Timestamp(), nullable=False),
        sa.Column("worker", sa.Text()),
        sa.Column("subscription_id", sa.Uuid()),
        sa.Column("is_acknowledged", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("expires_at", Timestamp()),
        sa.PrimaryKeyConstraint("task_run_id", name=op.f("pk_task_delivery")),
    )
    op.create_index(
        op.f("ix_task_delivery__workspace_id_task_key_due"),
        "task_delivery",
        ["workspace_id", "task_key", "due"],
        postgresql_where=waiting,
        sqlite_where=waiting,
    )
    op.create_index(op.f("ix_task_delivery__expires_at"), "task_delivery", ["expires_at"])
    op.create_index(op.f("ix_task_delivery__worker"), "task_delivery", ["worker"])


def downgrade() -> None:
    op.drop_table("task_delivery")
