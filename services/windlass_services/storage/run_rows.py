"""What rows of flow runs and of task runs say alike: the current state, and times as of now."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from windlass.schemas.states import State, StateDetails, StateType


def state_from_row(row: Mapping[Any, Any]) -> State | None:
    """The current state, which is on the row of its run; None for a run without one."""
    if row["state_id"] is None:
        return None
    return State.model_construct(
        id=row["state_id"],
        type=StateType(row["state_type"]),
        name=row["state_name"],
        timestamp=row["state_timestamp"],
        message=row["state_message"],
        data=row["state_data"],
        state_details=StateDetails.model_validate(row["state_details"] or {}),
    )


def estimated_run_time(row: Mapping[Any, Any], now: datetime) -> timedelta:
    """The time in RUNNING so far, the attempt under way included."""
    total = timedelta(seconds=row["total_run_time"])
    if row["state_type"] != StateType.RUNNING:
        return total
    return total + max(now - row["state_timestamp"], timedelta(0))


def estimated_start_delay(row: Mapping[Any, Any], now: datetime) -> timedelta:
    """How late the run started, or is until now; nothing for one that ended without a start."""
    expected, started = row["expected_start_time"], row["start_time"]
    if expected is None or (started is None and row["end_time"] is not None):
        return timedelta(0)
    return max((started or now) - expected, timedelta(0))
