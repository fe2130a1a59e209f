"""Policies for runs whose infrastructure fails: of a pool, and of a deployment."""

import sqlalchemy as sa
from alembic import op

from windlass_services.storage.tables import Json

revision = "0004_0"
down_revision = "0003_0"

_TABLES = ("deployment", "work_pool")


def upgrade() -> None:
    for table in _TABLES:
        op.add_column(table, sa.Column("infrastructure_retry", Json))


def downgrade() -> None:
    for table in _TABLES:
        op.drop_column(table, "infrastructure_retry")
