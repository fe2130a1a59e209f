"""Events and logs."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import uuid4

from pydantic_core import from_json

from tests.conformance.storage.world import NOON, SCOPE, World
from windlass.ids import uuid7
from windlass_services.events.rows import encoded
from windlass_services.storage import tables
from windlass_services.storage.hot.protocol import EventRow, LogRow
from windlass_services.storage.rows import columns_of


def event(**fields: Any) -> EventRow:
    row = EventRow(
        day=NOON.date(),
        id=uuid7(),
        occurred=NOON,
        received=NOON,
        event="thing.happened",
        resource_id="thing.1",
        resource=encoded({"prefect.resource.id": "thing.1"}),
        related=encoded([{"prefect.resource.id": "other.2", "prefect.resource.role": "flow"}]),
        resource_ids=["thing.1", 'other.2 "quoted", {braced}'],
        payload=encoded({"n": [1, 2.5, None], "text": "ü"}),
        follows=None,
    )
    return replace(row, **fields)


def log(message: str = "hello") -> LogRow:
    return LogRow(
        day=NOON.date(),
        id=uuid7(),
        name="windlass.flow_runs",
        level=20,
        message=message,
        timestamp=NOON,
        flow_run_id=uuid4(),
        task_run_id=None,
        worker_id=None,
    )


async def test_an_event_is_there_when_the_call_returns(world: World) -> None:
    stored = event(follows=uuid4())
    assert await world.database.hot.insert_events(SCOPE, [stored]) == 1
    [row] = await world.rows(tables.event)
    encoded_parts = ("resource", "related", "payload")
    parts = {name: from_json(getattr(stored, name)) for name in encoded_parts}
    assert row == columns_of(stored) | parts | {"workspace_id": SCOPE.workspace_id}


async def test_an_event_that_exists_is_left_alone(world: World) -> None:
    first = event()
    await world.database.hot.insert_events(SCOPE, [first])
    changed = replace(first, event="thing.else")
    assert await world.database.hot.insert_events(SCOPE, [changed, event()]) == 1
    names = {row["event"] for row in await world.rows(tables.event)}
    assert names == {"thing.happened"}


async def test_no_events_are_no_events(world: World) -> None:
    assert await world.database.hot.insert_events(SCOPE, []) == 0


async def test_an_event_sent_twice_at_once_is_new_once(world: World) -> None:
    one, other = event(), event()
    counts = await asyncio.gather(
        *(world.database.hot.insert_events(SCOPE, [one, other]) for _ in range(8))
    )
    assert sum(counts) == 2
    assert len(await world.rows(tables.event)) == 2


async def test_a_log_is_there_when_the_call_returns(world: World) -> None:
    stored = log()
    assert await world.database.hot.insert_logs(SCOPE, [stored, stored]) == 1
    [row] = await world.rows(tables.log)
    assert row == columns_of(stored) | {"workspace_id": SCOPE.workspace_id}


async def test_a_log_with_a_nul_costs_a_character_and_not_the_batch(world: World) -> None:
    bad, good = log("bad \x00 byte"), log()
    counts = await asyncio.gather(
        *(world.database.hot.insert_logs(SCOPE, [row]) for row in (bad, good))
    )
    assert counts == [1, 1]
    mark = "\x00" if world.database.dialect == "sqlite" else "\ufffd"
    messages = {row["message"] for row in await world.rows(tables.log)}
    assert messages == {f"bad {mark} byte", "hello"}


async def test_what_cannot_be_stored_fails_alone(world: World) -> None:
    bad = event(resource_ids=[object()])
    calls = [world.database.hot.insert_events(SCOPE, [row]) for row in (event(), bad, event())]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert [isinstance(answer, Exception) for answer in answers] == [False, True, False]
    assert len(await world.rows(tables.event)) == 2
