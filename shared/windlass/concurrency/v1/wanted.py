"""What the callers of `concurrency` say, as the engine wants it."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from windlass.engine.slots import WantedSlots, task_run_slots


def tag_slots(
    names: str | Sequence[str], task_run_id: UUID, timeout_seconds: float | None
) -> WantedSlots:
    """A slot of each tag, held by the task run."""
    tags = [names] if isinstance(names, str) else names
    return replace(task_run_slots(tags, task_run_id), timeout_seconds=timeout_seconds)
