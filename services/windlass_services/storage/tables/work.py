"""Work pools, their queues, and the workers that poll them."""

import sqlalchemy as sa

from .common import Json, Timestamp, created, identity, metadata, updated, workspace

work_pool = sa.Table(
    "work_pool",
    metadata,
    identity(),
    workspace(),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("description", sa.Text),
    sa.Column("base_job_template", Json, nullable=False),
    sa.Column("is_paused", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("concurrency_limit", sa.Integer),
    sa.Column("default_queue_id", sa.Uuid),
    sa.Column("storage_configuration", Json, nullable=False),
    sa.Column("infrastructure_retry", Json),
    sa.Column("status", sa.Text, nullable=False),
    created(),
    updated(),
    sa.UniqueConstraint("workspace_id", "name"),
)

work_queue = sa.Table(
    "work_queue",
    metadata,
    identity(),
    workspace(),
    sa.Column("work_pool_id", sa.Uuid, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("description", sa.Text),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("is_paused", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("concurrency_limit", sa.Integer),
    sa.Column("filter", Json),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("last_polled", Timestamp),
    created(),
    updated(),
    sa.UniqueConstraint("work_pool_id", "name"),
    sa.Index(None, "workspace_id", "name"),
)

worker = sa.Table(
    "worker",
    metadata,
    identity(),
    workspace(),
    sa.Column("work_pool_id", sa.Uuid, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("last_heartbeat_time", Timestamp, nullable=False),
    sa.Column("heartbeat_interval_seconds", sa.Integer),
    sa.Column("metadata", Json),
    created(),
    updated(),
    sa.UniqueConstraint("work_pool_id", "name"),
    sa.Index(None, "status", "last_heartbeat_time"),
)

task_worker = sa.Table(
    "task_worker",
    metadata,
    workspace(),
    sa.Column("identifier", sa.Text, primary_key=True),
    sa.Column("task_keys", Json, nullable=False),
    sa.Column("last_seen", Timestamp, nullable=False),
)
"""Processes that run background tasks, and the tasks they know."""
