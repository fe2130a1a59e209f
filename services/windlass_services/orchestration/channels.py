"""The names of the wake-ups that services send each other."""

from typing import Final
from uuid import UUID

EVERY_POOL: Final = "pool:*"
SCHEDULES_CHANGED: Final = "schedules"
AUTOMATIONS_CHANGED: Final = "automations"
OUTBOX_FILLED: Final = "outbox"
TASK_RUNS_SCHEDULED: Final = "task-runs"
"""Announced with the key of a task, when a run of it may be handed to a task worker."""


def pool_channel(work_pool_id: UUID) -> str:
    """Announced when a run of this pool may have become dispatchable."""
    return f"pool:{work_pool_id}"


def pool_of(channel: str) -> UUID:
    """The pool that `pool_channel` named."""
    return UUID(channel.removeprefix("pool:"))
