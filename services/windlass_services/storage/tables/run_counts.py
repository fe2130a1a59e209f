"""How many runs there are: kept up by triggers, so that counting them all reads a few rows."""

import sqlalchemy as sa

from .common import metadata, workspace

run_count = sa.Table(
    "run_count",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    workspace(),
    sa.Column("runs_of", sa.Text, nullable=False),
    sa.Column("state_type", sa.Text),
    sa.Column("runs", sa.BigInteger, nullable=False),
)
"""The sum of `runs` is how many runs of the table `runs_of` are in a state of this type.

Each statement that makes, moves or deletes runs adds rows with what it changed: nobody waits for
anybody's row. A duty puts rows together. The triggers are in the migrations alone.
"""
