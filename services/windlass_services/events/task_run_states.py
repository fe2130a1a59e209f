"""Reported task runs: the events that a stock client would have sent, and what they record.

An event takes much of the time that a task may cost, so each part of it is encoded once: what its
states share, once for the run.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

from windlass.schemas.reports import ReportedState, TaskRunReport
from windlass_services.events.rows import encoded, involved, partition_day
from windlass_services.events.subjects import related, related_gone, related_tags
from windlass_services.events.task_run_times import TaskRunTimes
from windlass_services.storage.hot.protocol import EventRow
from windlass_services.storage.json_text import JsonText, json_text
from windlass_services.storage.subjects import FlowRunSubject, Named
from windlass_services.storage.task_run_records import TaskRunRecord


@dataclass(frozen=True, slots=True)
class Expansion:
    """What a report says, one of each for every reported state, oldest first."""

    events: list[EventRow]
    """`prefect.task-run.<State name>`."""
    records: list[TaskRunRecord]
    """What the recorder would make of the events."""


def expand(
    report: TaskRunReport, flow_runs: Mapping[UUID, FlowRunSubject], received: datetime
) -> Expansion:
    """The events and records of a report."""
    parent = flow_runs.get(report.flow_run_id) if report.flow_run_id else None
    run = _Run.of(report, parent)
    times = TaskRunTimes(report.previous)
    expansion = Expansion([], [])
    for initial, state in pairwise((report.previous, *report.states)):
        assert state is not None
        times.enter(state)
        expansion.events.append(_event(run, initial, state, times, received))
        expansion.records.append(_record(run, state, times, received))
    return expansion


@dataclass(frozen=True, slots=True)
class _Run:
    """What all states of a report have in common."""

    report: TaskRunReport
    flow_run_id: UUID | None
    resource_id: str
    resource_ids: list[str]
    related: JsonText
    task_inputs: dict[str, Any]
    details: dict[str, str | None]
    fields: str
    """Of `task_run` in the payload: an object that is not closed."""

    @classmethod
    def of(cls, report: TaskRunReport, parent: FlowRunSubject | None) -> "_Run":
        about = _related(report, parent)
        resource_id = f"prefect.task-run.{report.id}"
        inputs = {
            name: [item.model_dump(mode="json") for item in items]
            for name, items in report.task_inputs.items()
        }
        fields = {
            "name": report.name,
            "task_key": report.task_key,
            "dynamic_key": report.dynamic_key,
            "task_version": report.task_version,
            "empirical_policy": report.empirical_policy or {},
            "tags": report.tags,
            "labels": {},
            "task_inputs": inputs,
        }
        return cls(
            report=report,
            flow_run_id=report.flow_run_id,
            resource_id=resource_id,
            resource_ids=involved(resource_id, about),
            related=encoded(about),
            task_inputs=inputs,
            details={
                "task_run_id": str(report.id),
                "flow_run_id": str(report.flow_run_id) if report.flow_run_id else None,
            },
            fields=json_text(fields)[:-1],
        )


def _event(
    run: _Run,
    initial: ReportedState | None,
    state: ReportedState,
    times: TaskRunTimes,
    received: datetime,
) -> EventRow:
    return EventRow(
        day=partition_day(state.timestamp, received),
        id=state.id,
        occurred=state.timestamp,
        received=received,
        event=f"prefect.task-run.{state.name}",
        resource_id=run.resource_id,
        resource=_resource(run, state),
        related=run.related,
        resource_ids=run.resource_ids,
        payload=_payload(run, initial, state, times),
        follows=initial.id if initial else None,
    )


def _resource(run: _Run, state: ReportedState) -> JsonText:
    return encoded(
        {
            "prefect.resource.id": run.resource_id,
            "prefect.resource.name": run.report.name,
            "prefect.run-count": str(state.run_count),
            "prefect.state-message": state.message or "",
            "prefect.state-name": state.name,
            "prefect.state-timestamp": state.timestamp.isoformat(),
            "prefect.state-type": state.type.value,
            "prefect.orchestration": "client",
        }
    )


def _payload(
    run: _Run, initial: ReportedState | None, state: ReportedState, times: TaskRunTimes
) -> JsonText:
    states = json_text(
        {
            "intended": {"from": initial.type if initial else None, "to": state.type},
            "initial_state": _plain(initial) if initial else None,
            "validated_state": _plain(state) | {"data": state.data},
        }
    )
    moving = {
        "run_count": state.run_count,
        "flow_run_run_count": 1,
        "expected_start_time": times.expected_start,
        "start_time": times.start,
        "end_time": times.end,
        "total_run_time": times.total.total_seconds(),
    }
    known = json_text({name: value for name, value in moving.items() if value is not None})
    return JsonText(f'{states[:-1]},"task_run":{run.fields},{known[1:]}}}')


def _record(
    run: _Run, state: ReportedState, times: TaskRunTimes, received: datetime
) -> TaskRunRecord:
    report = run.report
    return TaskRunRecord(
        id=report.id,
        flow_run_id=run.flow_run_id,
        name=report.name,
        task_key=report.task_key,
        dynamic_key=report.dynamic_key,
        task_version=report.task_version,
        cache_key=None,
        tags=report.tags,
        labels={},
        task_inputs=run.task_inputs,
        empirical_policy=report.empirical_policy or {},
        run_count=state.run_count,
        flow_run_run_count=1,
        expected_start_time=times.expected_start,
        start_time=times.start,
        end_time=times.end,
        total_run_time=times.total.total_seconds(),
        state_id=state.id,
        state_type=state.type.value,
        state_name=state.name,
        state_timestamp=state.timestamp,
        state_message=state.message or None,
        state_details={**(state.details or {}), **run.details},
        state_data=state.data,
        day=partition_day(state.timestamp, received),
    )


def _plain(state: ReportedState) -> dict[str, Any]:
    return {
        "type": state.type.value,
        "name": state.name,
        "message": state.message or "",
        "state_details": state.details or {},
    }


def _related(report: TaskRunReport, parent: FlowRunSubject | None) -> list[dict[str, str]]:
    tags = related_tags(report.tags)
    if report.flow_run_id is None:
        return tags
    if parent is None:  # it was deleted, and has no name any more
        return [*tags, related_gone("flow-run", "flow-run", report.flow_run_id)]
    flow_run = related("flow-run", "flow-run", Named(parent.id, parent.name))
    return [*tags, flow_run, related("flow", "flow", parent.flow)]
