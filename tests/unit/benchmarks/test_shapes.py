"""The events of the benchmark are those that clients send."""

from itertools import islice
from uuid import UUID

from pydantic_core import from_json

from benchmarks import shapes
from windlass.ids import uuid7
from windlass.schemas.events import Event
from windlass_services.triggers.recorder import is_recorded, task_run_record

RECEIVED = "2026-03-01T12:00:00Z"


def test_the_recorder_makes_a_task_run_of_each_three() -> None:
    flow_run = str(uuid7())
    events = [from_json(one) for one in islice(shapes.task_run_events(flow_run), 6)]
    assert all(is_recorded(event) for event in events)
    records = [task_run_record(event | {"received": RECEIVED}) for event in events]
    assert [record.state_name for record in records] == ["Pending", "Running", "Completed"] * 2
    assert len({record.id for record in records}) == 2
    assert len({record.expected_start_time for record in records[:3]}) == 1
    assert [bool(record.end_time) for record in records[:3]] == [False, False, True]
    assert {record.flow_run_id for record in records} == {UUID(flow_run)}
    assert [event["follows"] for event in events[:3]] == [
        None,
        *(event["id"] for event in events[:2]),
    ]


def test_they_are_as_large_as_those_of_stock_clients() -> None:
    for content in islice(shapes.task_run_events(str(uuid7())), 3):
        assert 1400 <= len(content) <= 2100
        assert len(Event.model_validate_json(content).related) == 5


def test_small_events_are_small_and_different() -> None:
    contents = list(islice(shapes.small_events("bench.small"), 3))
    assert all(len(content) < 300 for content in contents)
    events = [Event.model_validate_json(content) for content in contents]
    assert len({event.id for event in events}) == len({event.resource.id for event in events}) == 3
