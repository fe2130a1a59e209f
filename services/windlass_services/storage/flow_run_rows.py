"""Flow runs between their rows and their shape on the wire."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from windlass.schemas.flow_runs import FlowRun
from windlass.schemas.states import State
from windlass_services.storage.run_rows import (
    estimated_run_time,
    estimated_start_delay,
    state_from_row,
)
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import flow_run


def flow_run_from_row(row: Mapping[Any, Any], now: datetime) -> FlowRun:
    """A row of `flow_run`, with `work_pool_name` and `work_queue_name` beside its columns.

    Values are Python's (UUID, datetime, parsed JSON); times of a live run are as of `now`.
    """
    return FlowRun.model_validate(
        {
            **row,
            "state": state_from_row(row),
            "total_run_time": timedelta(seconds=row["total_run_time"]),
            "estimated_run_time": estimated_run_time(row, now),
            "estimated_start_time_delta": estimated_start_delay(row, now),
        }
    )


def row_of_flow_run(
    scope: Scope, run: FlowRun, work_pool_id: UUID | None, schedule_id: UUID | None, now: datetime
) -> dict[str, Any]:
    """The row of a new run, made at `now` unless it says when. No execution owns it yet."""
    return {
        **{name: getattr(run, name, None) for name in _COLUMNS},
        **state_columns_of(run.state),
        "workspace_id": scope.workspace_id,
        "work_pool_id": work_pool_id,
        "schedule_id": schedule_id,
        "labels": run.labels or {},
        "job_variables": run.job_variables or {},
        "empirical_policy": run.empirical_policy.model_dump(mode="json"),
        "created_by": run.created_by and run.created_by.model_dump(mode="json"),
        "total_run_time": run.total_run_time.total_seconds(),
        "execution_id": None,
        "execution_generation": 0,
        "created": run.created or now,
        "updated": run.updated or now,
    }


def state_columns_of(state: State | None) -> dict[str, Any]:
    """The columns that show a current state."""
    if state is None:
        return dict.fromkeys(_STATE_COLUMNS)
    return {
        "state_id": state.id,
        "state_type": state.type.value,
        "state_name": state.name,
        "state_timestamp": state.timestamp,
        "state_message": state.message,
        "state_details": state.state_details.model_dump(mode="json", exclude_defaults=True),
        "state_data": state.data,
    }


_COLUMNS: Final = tuple(column.name for column in flow_run.columns)
_STATE_COLUMNS: Final = tuple(
    column.name for column in flow_run.columns if column.name.startswith("state_")
)
