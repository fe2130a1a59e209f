"""What can be seen of a transition from outside, as one line: the same for stock and for ours."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from windlass.schemas.states import State


@dataclass(frozen=True, slots=True)
class Sight:
    """A run before or after a transition."""

    state: State | None
    run_count: int
    start_time: datetime | None
    end_time: datetime | None
    next_scheduled_start_time: datetime | None
    empirical_policy: Mapping[str, Any]


def sighting(status: str, delay: float | None, before: Sight, after: Sight, now: datetime) -> str:
    """The answer, the state there is then, and what was recorded if it is a new one."""
    state = after.state
    if state is None:
        return status
    line = f"{status} {state.type}/{state.name}"
    if delay is not None:
        line += f" in {round(delay)}s"
    if before.state is not None and before.state.id == state.id:
        return f"{line} unchanged"
    policy = after.empirical_policy
    marks = {
        "runs": f"{before.run_count}>{after.run_count}",
        "started": after.start_time is not None,
        "ended": after.end_time is not None,
        "scheduled": after.next_scheduled_start_time is not None,
        "resuming": bool(policy.get("resuming")),
        "pauses": len(policy.get("pause_keys") or ()),
        "retry": policy.get("retry_type"),
        "due": _due(state, now),
    }
    return " ".join([line, *(_mark(name, value) for name, value in marks.items() if value)])


def _mark(name: str, value: object) -> str:
    return name if value is True else f"{name}={value}"


def _due(state: State, now: datetime) -> str | None:
    due = state.state_details.scheduled_time
    if due is None:
        return None
    seconds = round((due - now).total_seconds())
    return "past" if seconds < 0 else f"+{seconds}s"
