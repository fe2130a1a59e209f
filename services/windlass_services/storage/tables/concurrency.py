"""Concurrency limits and the leases that hold their slots."""

import sqlalchemy as sa

from .common import Json, Timestamp, created, identity, metadata, updated, workspace

concurrency_limit = sa.Table(
    "concurrency_limit",
    metadata,
    identity(),
    workspace(),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("limit", sa.Integer, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("unleased_slots", sa.Float, nullable=False, server_default="0"),
    sa.Column("denied_slots", sa.Float, nullable=False, server_default="0"),
    sa.Column("slot_decay_per_second", sa.Float, nullable=False),
    sa.Column("avg_slot_occupancy_seconds", sa.Float, nullable=False),
    sa.Column("decayed_until", Timestamp, nullable=False),
    created(),
    updated(),
    sa.UniqueConstraint("workspace_id", "name"),
    sa.Index(None, "workspace_id", "created", "id"),
)
"""Global limits by name; the limit of a tag is named `tag:<tag>`.

Occupied slots are those of live leases, and `unleased_slots`: taken without a lease, given back by
a call or by decay. `denied_slots` were asked for in vain, and fade as slots become free. Both are
settled up to `decayed_until`.
"""

slot_lease = sa.Table(
    "slot_lease",
    metadata,
    identity(),
    workspace(),
    sa.Column("concurrency_limit_id", sa.Uuid, primary_key=True),
    sa.Column("slots", sa.Integer, nullable=False),
    sa.Column("holder", Json),
    sa.Column("acquired_at", Timestamp, nullable=False),
    sa.Column("expires_at", Timestamp, nullable=False),
    sa.Index(None, "concurrency_limit_id", "expires_at"),
    sa.Index(None, "expires_at"),
)
"""One row per lease and limit: a lease on several limits is several rows of one id. It holds its
slots while `expires_at` is to come."""
