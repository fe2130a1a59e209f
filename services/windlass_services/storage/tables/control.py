"""What the services keep for themselves: outbox, ownership of partitions, beats, configuration."""

import sqlalchemy as sa

from .common import Json, Timestamp, created, identity, metadata, updated, workspace

outbox = sa.Table(
    "outbox",
    metadata,
    identity(),
    workspace(),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("body", Json, nullable=False),
    created(),
)
"""Small rows written in the transaction of the change that they announce. The relay turns them into
event rows with delete-returning, never with a cursor: a cursor skips slow transactions."""

partition_lease = sa.Table(
    "partition_lease",
    metadata,
    sa.Column("topic", sa.Text, primary_key=True),
    sa.Column("consumer_group", sa.Text, primary_key=True),
    sa.Column("partition", sa.Integer, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("generation", sa.BigInteger, nullable=False),
    sa.Column("expires_at", Timestamp, nullable=False),
)

consumer_progress = sa.Table(
    "consumer_progress",
    metadata,
    sa.Column("topic", sa.Text, primary_key=True),
    sa.Column("consumer_group", sa.Text, primary_key=True),
    sa.Column("finished_until", Timestamp, nullable=False),
    sa.Column("epoch", sa.Text),
)

service_beat = sa.Table(
    "service_beat",
    metadata,
    sa.Column("instance_id", sa.Uuid, primary_key=True),
    sa.Column("service", sa.Text, nullable=False),
    sa.Column("started_at", Timestamp, nullable=False),
    sa.Column("beat_at", Timestamp, nullable=False),
    sa.Column("details", Json, nullable=False),
)

unpublished = sa.Table(
    "unpublished",
    metadata,
    identity(),
    sa.Column("since", Timestamp, nullable=False),
    sa.Column("until", Timestamp, nullable=False),
)
"""Times (both ends belong to them) in which events were received that perhaps were never published:
their rows were committed, and then the broker was away or the process died."""

deletion = sa.Table(
    "deletion",
    metadata,
    identity(),
    workspace(),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("object_id", sa.Uuid, nullable=False),
    created(),
    sa.Index(None, "object_id"),
)
"""Objects that are deleted already, and of which the scheduler still clears what was theirs."""

csrf_token = sa.Table(
    "csrf_token",
    metadata,
    identity(),
    workspace(),
    sa.Column("client", sa.Text, nullable=False),
    sa.Column("token", sa.Text, nullable=False),
    sa.Column("expires_at", Timestamp, nullable=False),
    created(),
    updated(),
    sa.UniqueConstraint("workspace_id", "client"),
    sa.Index(None, "expires_at"),
)

configuration = sa.Table(
    "configuration",
    metadata,
    identity(),
    workspace(),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("value", Json, nullable=False),
    created(),
    updated(),
    sa.UniqueConstraint("workspace_id", "key"),
)
