"""Task runs as the recorder makes them of events, from the broker and from the table."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

import anyio
import httpx
import pytest

from tests.support.redis import flush
from tests.support.waiting import await_until
from windlass.clock import utc_now
from windlass.ids import uuid7
from windlass_services.events.rows import EVENTS_TOPIC
from windlass_services.orchestration.context import ServiceContext
from windlass_services.streams.open import open_streams
from windlass_services.triggers.process import run_triggers

pytestmark = pytest.mark.timeout(60)


@asynccontextmanager
async def triggers(services: ServiceContext) -> AsyncGenerator[None]:
    """The service at work."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run_triggers, services)
        yield
        tasks.cancel_scope.cancel()


async def report(api: httpx.AsyncClient) -> UUID:
    """The id of a task run that was reported in three states."""
    id = uuid7()
    now = utc_now().isoformat()
    states: list[dict[str, Any]] = [
        {"id": str(uuid7()), "type": name.upper(), "name": name, "timestamp": now, "run_count": 1}
        for name in ("Pending", "Running", "Completed")
    ]
    sent = {
        "id": str(id),
        "task_key": "task",
        "dynamic_key": "0",
        "name": "task-0",
        "states": states,
    }
    answered = await api.post("/task_runs/report", json={"reports": [sent]})
    assert answered.json() == {"accepted": 1}
    return id


async def send_poison(api: httpx.AsyncClient) -> None:
    """An event that says to be a task run's, and is not."""
    event: dict[str, Any] = {
        "id": str(uuid7()),
        "occurred": utc_now().isoformat(),
        "event": "prefect.task-run.Bogus",
        "resource": {
            "prefect.resource.id": f"prefect.task-run.{uuid7()}",
            "prefect.orchestration": "client",
        },
        "payload": {"task_run": {}},
    }
    assert (await api.post("/events", json=[event])).status_code == 204


async def recorded(api: httpx.AsyncClient, id: UUID) -> None:
    """Wait for the run to be there, in its last state."""

    async def is_completed() -> bool:
        run = await api.get(f"/task_runs/{id}")
        return run.is_success and run.json()["state_name"] == "Completed"

    await await_until(is_completed, timeout=20, description="the task run to be recorded")


async def test_a_reported_run_is_recorded_with_its_history(
    services: ServiceContext, api: httpx.AsyncClient
) -> None:
    async with triggers(services):
        id = await report(api)
        await recorded(api, id)
    history = await api.get("/task_run_states/", params={"task_run_id": str(id)})
    assert sorted(state["name"] for state in history.json()) == ["Completed", "Pending", "Running"]


async def test_what_the_broker_lost_is_read_from_the_table(
    services: ServiceContext, api: httpx.AsyncClient
) -> None:
    id = await report(api)
    if services.streams.replicated:
        flush(services.settings.server.broker_url)
        emptied = services
    else:
        emptied = replace(services, streams=open_streams("memory://"))
    async with triggers(emptied):
        await recorded(api, id)


async def test_a_poisonous_message_is_set_aside_and_others_pass(
    services: ServiceContext, api: httpx.AsyncClient
) -> None:
    async with triggers(services):
        # The first round from the table is over when this one is there.
        await recorded(api, await report(api))
        await send_poison(api)
        await recorded(api, await report(api))

        async def dead() -> int:
            return len(await services.streams.dead_letters(EVENTS_TOPIC, 10))

        assert await await_until(dead, timeout=20, description="a dead letter") == 1


async def test_a_poisonous_row_does_not_stop_a_replay(
    services: ServiceContext, api: httpx.AsyncClient
) -> None:
    await send_poison(api)
    id = await report(api)
    empty = services
    if services.streams.replicated:
        flush(services.settings.server.broker_url)
    else:
        empty = replace(services, streams=open_streams("memory://"))
    async with triggers(empty):
        await recorded(api, id)
