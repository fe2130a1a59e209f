"""Task runs and their states."""

import sqlalchemy as sa

from .common import Json, Timestamp, created, identity, metadata, partial_index, updated, workspace
from .flow_runs import run_columns

task_run = sa.Table(
    "task_run",
    metadata,
    identity(),
    workspace(),
    sa.Column("flow_run_id", sa.Uuid),
    sa.Column("task_key", sa.Text, nullable=False),
    sa.Column("dynamic_key", sa.Text, nullable=False),
    sa.Column("cache_key", sa.Text),
    sa.Column("cache_expiration", Timestamp),
    sa.Column("task_version", sa.Text),
    sa.Column("task_inputs", Json, nullable=False),
    sa.Column("flow_run_run_count", sa.Integer, nullable=False, server_default="0"),
    *run_columns(),
    created(),
    updated(),
    sa.UniqueConstraint("workspace_id", "flow_run_id", "task_key", "dynamic_key"),
    sa.Index(None, "workspace_id", "id"),
    sa.Index(None, "workspace_id", "flow_run_id", "id"),
    sa.Index(None, "workspace_id", "name", "id"),
    sa.Index(None, "workspace_id", "state_type", "state_timestamp"),
    sa.Index(None, "workspace_id", "state_name", "state_timestamp"),
    sa.Index(None, "workspace_id", "expected_start_time", "id"),
    sa.Index(None, "workspace_id", "start_time", "id"),
    sa.Index(None, "workspace_id", "end_time", "id"),
    sa.Index(None, "workspace_id", "next_scheduled_start_time", "id"),
    sa.Index(
        "ix_task_run__tags",
        "tags",
        postgresql_using="gin",
        postgresql_where=sa.text("tags <> '[]'"),
    ).ddl_if(dialect="postgresql"),
    partial_index("workspace_id", "cache_key", "state_timestamp", where="cache_key IS NOT NULL"),
)

task_run_state = sa.Table(
    "task_run_state",
    metadata,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("id", sa.Uuid, primary_key=True),
    workspace(),
    sa.Column("task_run_id", sa.Uuid, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("timestamp", Timestamp, nullable=False),
    sa.Column("message", sa.Text),
    sa.Column("state_details", Json),
    sa.Column("data", Json),
    created(),
    sa.Index(None, "task_run_id", "timestamp"),
    postgresql_partition_by="RANGE (day)",
)

task_delivery = sa.Table(
    "task_delivery",
    metadata,
    sa.Column("task_run_id", sa.Uuid, primary_key=True),
    workspace(),
    sa.Column("task_key", sa.Text, nullable=False),
    sa.Column("task_parameters_id", sa.Uuid),
    sa.Column("due", Timestamp, nullable=False),
    sa.Column("worker", sa.Text),
    sa.Column("subscription_id", sa.Uuid),
    sa.Column("is_acknowledged", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("expires_at", Timestamp),
    partial_index("workspace_id", "task_key", "due", where="worker IS NULL"),
    sa.Index(None, "expires_at"),
    sa.Index(None, "worker"),
)
"""Background task runs from when they are scheduled until they are over.

One without a worker is to be handed out once it is due. With one, it is that worker's until
`expires_at`, which moves on while an API process has the worker's subscription.
"""
