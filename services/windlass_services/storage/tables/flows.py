"""Flows."""

import sqlalchemy as sa

from .common import Json, created, identity, metadata, updated, workspace

flow = sa.Table(
    "flow",
    metadata,
    identity(),
    workspace(),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("tags", Json, nullable=False),
    sa.Column("labels", Json, nullable=False),
    created(),
    updated(),
    sa.UniqueConstraint("workspace_id", "name"),
    sa.Index(None, "workspace_id", "created", "id"),
)
