"""Events and logs: written once, read by time, dropped by day."""

import sqlalchemy as sa

from .common import Json, TextArray, Timestamp, metadata, partial_index, workspace

event = sa.Table(
    "event",
    metadata,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("id", sa.Uuid, primary_key=True),
    workspace(),
    sa.Column("occurred", Timestamp, nullable=False),
    sa.Column("received", Timestamp, nullable=False),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("resource_id", sa.Text, nullable=False),
    sa.Column("resource", Json, nullable=False),
    sa.Column("related", Json, nullable=False),
    sa.Column("resource_ids", TextArray, nullable=False),
    sa.Column("payload", Json, nullable=False),
    sa.Column("follows", sa.Uuid),
    sa.Index(None, "workspace_id", "occurred", "id"),
    sa.Index(None, "workspace_id", "event", "occurred"),
    sa.Index(None, "workspace_id", "resource_id", "occurred"),
    sa.Index(None, "received", "id"),
    sa.Index("ix_event__resource_ids", "resource_ids", postgresql_using="gin").ddl_if(
        dialect="postgresql"
    ),
    postgresql_partition_by="RANGE (day)",
)
"""`resource_ids` holds the id of the resource and of every related one. There is no row per
resource."""

log = sa.Table(
    "log",
    metadata,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("id", sa.Uuid, primary_key=True),
    workspace(),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("level", sa.SmallInteger, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("timestamp", Timestamp, nullable=False),
    sa.Column("flow_run_id", sa.Uuid),
    sa.Column("task_run_id", sa.Uuid),
    sa.Column("worker_id", sa.Uuid),
    sa.Index(None, "flow_run_id", "timestamp"),
    sa.Index(None, "task_run_id", "timestamp"),
    sa.Index(None, "workspace_id", "timestamp", "id"),
    partial_index("workspace_id", "level", "timestamp", where="level >= 40", name="ix_log__errors"),
    postgresql_partition_by="RANGE (day)",
)
