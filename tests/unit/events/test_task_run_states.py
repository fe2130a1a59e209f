"""The events that are made of a report: those that a stock client would have sent."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from pydantic_core import from_json

from windlass.ids import uuid7
from windlass.schemas.reports import ReportedState, TaskRunReport
from windlass.schemas.states import StateType
from windlass_services.events.rows import event_message
from windlass_services.events.task_run_states import Expansion, expand
from windlass_services.storage.subjects import FlowRunSubject, Named
from windlass_services.triggers.recorder import is_recorded, task_run_record

START: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)


def state(type: StateType, second: int, run_count: int = 1, **known: Any) -> ReportedState:
    return ReportedState(
        id=uuid7(),
        type=type,
        name=type.capitalize(),
        timestamp=START + timedelta(seconds=second),
        run_count=run_count,
        **known,
    )


PENDING: Final = state(StateType.PENDING, 0, 0)
RUNNING: Final = state(StateType.RUNNING, 1)
COMPLETED: Final = state(StateType.COMPLETED, 4, message="All good", data={"type": "ref"})


def expansion(*states: ReportedState, flow_run_id: UUID | None = None, **known: Any) -> Expansion:
    """What one report says; the flow run is known to the server."""
    report = TaskRunReport(
        id=uuid7(),
        flow_run_id=flow_run_id,
        task_key="task",
        dynamic_key="0",
        name="task-0",
        states=list(states),
        **known,
    )
    flow = Named(uuid7(), "flow")
    about = {
        id: FlowRunSubject(id, uuid7(), "run", 1, (), flow, None, None, None)
        for id in [flow_run_id]
        if id is not None
    }
    return expand(report, about, START)


def events(*states: ReportedState, **known: Any) -> list[dict[str, Any]]:
    """The events of one report as they go over the wire."""
    return [from_json(event_message(row).body) for row in expansion(*states, **known).events]


def wire(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def test_each_state_is_an_event_that_follows_the_one_before() -> None:
    made = events(PENDING, RUNNING, COMPLETED)
    assert [one["event"] for one in made] == [
        f"prefect.task-run.{name}" for name in ("Pending", "Running", "Completed")
    ]
    assert [one["id"] for one in made] == [str(one.id) for one in (PENDING, RUNNING, COMPLETED)]
    assert [one["follows"] for one in made] == [None, str(PENDING.id), str(RUNNING.id)]


def test_an_event_has_what_that_of_a_stock_client_has() -> None:
    [_, _, last] = events(PENDING, RUNNING, COMPLETED)
    assert last["payload"]["intended"] == {"from": "RUNNING", "to": "COMPLETED"}
    assert last["payload"]["initial_state"] == {
        "type": "RUNNING",
        "name": "Running",
        "message": "",
        "state_details": {},
    }
    assert last["payload"]["validated_state"] == {
        "type": "COMPLETED",
        "name": "Completed",
        "message": "All good",
        "state_details": {},
        "data": {"type": "ref"},
    }
    assert last["payload"]["task_run"].keys() == {
        *("name", "task_key", "dynamic_key", "task_version", "empirical_policy", "tags"),
        *("labels", "task_inputs", "run_count", "flow_run_run_count", "expected_start_time"),
        *("start_time", "end_time", "total_run_time"),
    }
    assert last["resource"]["prefect.orchestration"] == "client"
    assert last["resource"]["prefect.state-message"] == "All good"


def test_the_times_of_a_run_pass_with_its_states() -> None:
    runs = [one["payload"]["task_run"] for one in events(PENDING, RUNNING, COMPLETED)]
    assert [run["run_count"] for run in runs] == [0, 1, 1]
    assert [run["total_run_time"] for run in runs] == [0.0, 0.0, 3.0]
    assert {run["expected_start_time"] for run in runs} == {wire(PENDING.timestamp)}
    assert [run.get("start_time") for run in runs] == [None, *[wire(RUNNING.timestamp)] * 2]
    assert [run.get("end_time") for run in runs] == [None, None, wire(COMPLETED.timestamp)]


def test_the_run_time_of_attempts_adds_up() -> None:
    retry = state(StateType.SCHEDULED, 3)
    again, done = state(StateType.RUNNING, 10, 2), state(StateType.COMPLETED, 11, 2)
    *_, last = events(PENDING, RUNNING, retry, again, done)
    run = last["payload"]["task_run"]
    assert (run["total_run_time"], run["run_count"]) == (3.0, 2)
    assert run["start_time"] == wire(RUNNING.timestamp)


def test_a_report_goes_on_where_the_one_before_ended() -> None:
    [only] = events(COMPLETED, previous=RUNNING)
    assert only["follows"] == str(RUNNING.id)
    assert only["payload"]["initial_state"]["name"] == "Running"
    run = only["payload"]["task_run"]
    assert (run["start_time"], run["total_run_time"]) == (wire(RUNNING.timestamp), 3.0)
    assert "expected_start_time" not in run


def test_an_event_is_related_to_the_run_the_flow_and_the_tags() -> None:
    flow_run_id = uuid7()
    [one] = events(PENDING, flow_run_id=flow_run_id, tags=["b", "a", "b"])
    roles = [
        (item["prefect.resource.role"], item["prefect.resource.id"]) for item in one["related"]
    ]
    assert roles[:3] == [
        ("tag", "prefect.tag.a"),
        ("tag", "prefect.tag.b"),
        ("flow-run", f"prefect.flow-run.{flow_run_id}"),
    ]
    assert roles[3][0] == "flow"


def test_the_records_of_a_report_are_what_the_recorder_makes_of_its_events() -> None:
    retry = state(StateType.SCHEDULED, 3, details={"scheduled_time": wire(START)})
    report = expansion(
        *(PENDING, RUNNING, retry, state(StateType.RUNNING, 10, 2), COMPLETED),
        flow_run_id=uuid7(),
        tags=["b", "a"],
        task_version="2",
        empirical_policy={"retries": 1},
        task_inputs={"x": [{"input_type": "task_run", "id": uuid7()}]},
    )
    told = [from_json(event_message(row).body) for row in report.events]
    assert all(is_recorded(event) for event in told)
    assert [task_run_record(event) for event in told] == report.records
