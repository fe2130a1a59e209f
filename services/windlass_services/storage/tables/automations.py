"""Automations, the resources that each of them is about, and what their triggers remember."""

import sqlalchemy as sa

from .common import Json, Timestamp, created, identity, metadata, partial_index, updated, workspace

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

trigger_bucket = sa.Table(
    "trigger_bucket",
    metadata,
    sa.Column(
        "automation_id",
        sa.Uuid,
        sa.ForeignKey("automation.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("trigger_id", sa.Uuid, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    workspace(),
    sa.Column("counted", Json, nullable=False),
    sa.Column("window_start", Timestamp),
    sa.Column("due", Timestamp),
    updated(),
    partial_index("due", where="due IS NOT NULL", name="ix_trigger_bucket__due"),
)
"""What a trigger remembers for one set of values of its labels (`key`): ids and times of the events
that it counted. It goes with its automation, which is there whenever it is written."""
