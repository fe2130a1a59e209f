"""The events of reported task runs: what a stock client would have sent, made in the server."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from windlass.schemas.reports import ReportedState, TaskRunReport
from windlass.schemas.states import TERMINAL_STATES, StateType
from windlass_services.events.rows import event_row
from windlass_services.events.subjects import related, related_tags
from windlass_services.storage.hot.protocol import EventRow
from windlass_services.storage.subjects import FlowRunSubject, Named


def task_run_state_events(
    report: TaskRunReport, flow_runs: Mapping[UUID, FlowRunSubject], received: datetime
) -> list[EventRow]:
    """One `prefect.task-run.<State name>` event per reported state, oldest first."""
    parent = flow_runs.get(report.flow_run_id) if report.flow_run_id else None
    about = _related(report, parent)
    run = _task_run(report)
    clock = _RunClock(report.previous)
    return [
        _event(report, initial, state, about, run | clock.enter(state), received)
        for initial, state in _steps(report)
    ]


def _steps(report: TaskRunReport) -> Iterator[tuple[ReportedState | None, ReportedState]]:
    for initial, state in pairwise((report.previous, *report.states)):
        assert state is not None
        yield initial, state


def _event(
    report: TaskRunReport,
    initial: ReportedState | None,
    state: ReportedState,
    about: list[dict[str, str]],
    run: dict[str, Any],
    received: datetime,
) -> EventRow:
    return event_row(
        id=state.id,
        occurred=state.timestamp,
        received=received,
        event=f"prefect.task-run.{state.name}",
        resource={
            "prefect.resource.id": f"prefect.task-run.{report.id}",
            "prefect.resource.name": report.name,
            "prefect.run-count": str(state.run_count),
            "prefect.state-message": state.message or "",
            "prefect.state-name": state.name,
            "prefect.state-timestamp": state.timestamp.isoformat(),
            "prefect.state-type": state.type.value,
            "prefect.orchestration": "client",
        },
        related=about,
        payload={
            "intended": {"from": initial.type if initial else None, "to": state.type},
            "initial_state": _plain(initial) if initial else None,
            "validated_state": _plain(state) | {"data": state.data},
            "task_run": run,
        },
        follows=initial.id if initial else None,
    )


def _plain(state: ReportedState) -> dict[str, Any]:
    return {
        "type": state.type.value,
        "name": state.name,
        "message": state.message or "",
        "state_details": state.details or {},
    }


def _task_run(report: TaskRunReport) -> dict[str, Any]:
    return {
        "name": report.name,
        "task_key": report.task_key,
        "dynamic_key": report.dynamic_key,
        "task_version": report.task_version,
        "empirical_policy": report.empirical_policy or {},
        "tags": report.tags,
        "labels": {},
        "task_inputs": {
            name: [item.model_dump(mode="json") for item in inputs]
            for name, inputs in report.task_inputs.items()
        },
    }


def _related(report: TaskRunReport, parent: FlowRunSubject | None) -> list[dict[str, str]]:
    tags = related_tags(report.tags)
    if parent is None:
        return tags
    flow_run = related("flow-run", "flow-run", Named(parent.id, parent.name))
    return [*tags, flow_run, related("flow", "flow", parent.flow)]


class _RunClock:
    """The times of a task run as its reported states pass by.

    A run that was reported before brings no times of its earlier attempts: the recorder keeps the
    first start and adds up what it has, so what is unknown here is left out, not guessed.
    """

    def __init__(self, previous: ReportedState | None) -> None:
        self._running_since = (
            previous.timestamp if previous and previous.type is StateType.RUNNING else None
        )
        self._start = self._running_since
        self._expected = None if previous else _UNSET
        self._total = timedelta()

    def enter(self, state: ReportedState) -> dict[str, Any]:
        """The time fields of the run once it is in `state`."""
        if self._running_since is not None:
            self._total += state.timestamp - self._running_since
        is_running = state.type is StateType.RUNNING
        self._running_since = state.timestamp if is_running else None
        if is_running and self._start is None:
            self._start = state.timestamp
        if self._expected is _UNSET:
            self._expected = state.timestamp
        times: dict[str, Any] = {
            "run_count": state.run_count,
            "flow_run_run_count": 1,
            "expected_start_time": self._expected,
            "start_time": self._start,
            "end_time": state.timestamp if state.type in TERMINAL_STATES else None,
            "total_run_time": self._total.total_seconds(),
        }
        return {name: value for name, value in times.items() if value is not None}


_UNSET: Any = object()
