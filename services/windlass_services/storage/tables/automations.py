"""Automations, and the resources that each of them is about."""

import sqlalchemy as sa

from .common import Json, created, identity, metadata, updated, workspace

automation = sa.Table(
    "automation",
    metadata,
    identity(),
    workspace(),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("tags", Json, nullable=False),
    sa.Column("trigger", Json, nullable=False),
    sa.Column("actions", Json, nullable=False),
    sa.Column("actions_on_trigger", Json, nullable=False),
    sa.Column("actions_on_resolve", Json, nullable=False),
    created(),
    updated(),
    sa.Index(None, "workspace_id", "name", "id"),
    sa.Index(None, "workspace_id", "created", "id"),
    sa.Index(None, "workspace_id", "updated", "id"),
)

automation_related_resource = sa.Table(
    "automation_related_resource",
    metadata,
    sa.Column("automation_id", sa.Uuid, primary_key=True),
    sa.Column("resource_id", sa.Text, primary_key=True),
    sa.Column("owned_by_resource", sa.Boolean, nullable=False),
    sa.Index(None, "resource_id"),
)
"""An automation that its resource owns goes when the resource goes: a deployment's triggers."""
