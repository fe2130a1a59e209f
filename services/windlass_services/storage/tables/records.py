"""What runs and users keep on the server: variables, artifacts, saved searches, inputs."""

import sqlalchemy as sa

from .common import Json, created, identity, metadata, updated, workspace

variable = sa.Table(
    "variable",
    metadata,
    identity(),
    workspace(),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("value", sa.JSON, nullable=False),
    sa.Column("tags", Json, nullable=False),
    created(),
    updated(),
    sa.UniqueConstraint("workspace_id", "name"),
    sa.Index(None, "workspace_id", "created", "id"),
    sa.Index(None, "workspace_id", "updated", "id"),
)
"""`value` keeps JSON's null and the order of an object's keys, so it is plain JSON."""


def _artifact_columns() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("type", sa.Text),
        sa.Column("description", sa.Text),
        sa.Column("data", Json),
        sa.Column("metadata_", Json),
        sa.Column("flow_run_id", sa.Uuid),
        sa.Column("task_run_id", sa.Uuid),
    )


artifact = sa.Table(
    "artifact",
    metadata,
    identity(),
    workspace(),
    sa.Column("key", sa.Text),
    *_artifact_columns(),
    created(),
    updated(),
    sa.Index(None, "workspace_id", "created", "id"),
    sa.Index(None, "workspace_id", "updated", "id"),
    sa.Index(None, "workspace_id", "key", "created", "id"),
    sa.Index(None, "flow_run_id"),
    sa.Index(None, "task_run_id"),
)

artifact_collection = sa.Table(
    "artifact_collection",
    metadata,
    identity(),
    workspace(),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("latest_id", sa.Uuid, nullable=False),
    *_artifact_columns(),
    created(),
    updated(),
    sa.UniqueConstraint("workspace_id", "key"),
    sa.Index(None, "workspace_id", "created", "id"),
    sa.Index(None, "workspace_id", "updated", "id"),
    sa.Index(None, "latest_id"),
)
"""The newest artifact of each key."""

saved_search = sa.Table(
    "saved_search",
    metadata,
    identity(),
    workspace(),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("filters", Json, nullable=False),
    created(),
    updated(),
    sa.UniqueConstraint("workspace_id", "name"),
)

flow_run_input = sa.Table(
    "flow_run_input",
    metadata,
    identity(),
    workspace(),
    sa.Column("flow_run_id", sa.Uuid, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("sender", sa.Text),
    created(),
    updated(),
    sa.UniqueConstraint("flow_run_id", "key"),
)
