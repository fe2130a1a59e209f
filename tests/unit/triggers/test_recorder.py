"""Task runs as the recorder makes them of events, from the broker and from the table."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa

from tests.support.redis import flush
from tests.support.waiting import await_until
from tests.unit.triggers.at_work import triggers
from windlass.clock import utc_now
from windlass.ids import uuid7
from windlass_services.events.rows import EVENTS_TOPIC
from windlass_services.orchestration.context import ServiceContext
from windlass_services.storage.tables import task_run
from windlass_services.streams.open import open_streams

pytestmark = pytest.mark.timeout(60)


async def send_states(api: httpx.AsyncClient, flow_run_id: str | None = None) -> UUID:
    """The id of a task run whose client sent the events of three states, as stock clients do."""
    id = uuid7()
    of_run = {
        "prefect.resource.id": f"prefect.flow-run.{flow_run_id}",
        "prefect.resource.role": "flow-run",
    }
    now = utc_now().isoformat()
    run = {"name": "task-0", "task_key": "task", "dynamic_key": str(id), "run_count": 1}
    events: list[dict[str, Any]] = [
        {
            "id": str(uuid7()),
            "occurred": now,
            "event": f"prefect.task-run.{name}",
            "resource": {
                "prefect.resource.id": f"prefect.task-run.{id}",
                "prefect.orchestration": "client",
            },
            "related": [of_run] if flow_run_id else [],
            "payload": {
                "task_run": run,
                "validated_state": {"type": name.upper(), "name": name},
            },
        }
        for name in ("Pending", "Running", "Completed")
    ]
    assert (await api.post("/events", json=events)).status_code == 204
    return id


async def send_report(api: httpx.AsyncClient, id: UUID, **known: str) -> None:
    """A run as our own client reports it, completed."""
    state = {"id": str(uuid7()), "type": "COMPLETED", "name": "Completed", "run_count": 1}
    sent = {
        "id": str(id),
        "task_key": "task",
        "dynamic_key": "0",
        "name": "task-0",
        "states": [state | {"timestamp": utc_now().isoformat()}],
    } | known
    answered = await api.post("/task_runs/report", json={"reports": [sent]})
    assert answered.json() == {"accepted": 1}


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
        id = await send_states(api)
        await recorded(api, id)
    history = await api.get("/task_run_states/", params={"task_run_id": str(id)})
    assert sorted(state["name"] for state in history.json()) == ["Completed", "Pending", "Running"]


async def test_a_report_is_recorded_when_it_is_answered(api: httpx.AsyncClient) -> None:
    id = uuid7()
    await send_report(api, id)
    assert (await api.get(f"/task_runs/{id}")).json()["state_name"] == "Completed"


async def test_a_report_that_cannot_be_recorded_is_set_aside_with_its_event_kept(
    services: ServiceContext, api: httpx.AsyncClient
) -> None:
    async with triggers(services):
        await recorded(api, await send_states(api))
        flow = await api.post("/flows/", json={"name": "flow"})
        flow_run = await api.post("/flow_runs/", json={"flow_id": flow.json()["id"]})
        for id in (uuid7(), uuid7()):
            await send_report(api, id, flow_run_id=flow_run.json()["id"])

        async def dead() -> int:
            return len(await services.streams.dead_letters(EVENTS_TOPIC, 10))

        assert await await_until(dead, timeout=20, description="a dead letter") == 1


async def test_what_comes_late_does_not_bring_a_deleted_run_back(
    services: ServiceContext, api: httpx.AsyncClient
) -> None:
    flow = await api.post("/flows/", json={"name": "flow"})
    gone = (await api.post("/flow_runs/", json={"flow_id": flow.json()["id"]})).json()["id"]
    before = uuid7()
    await send_report(api, before, flow_run_id=gone)
    assert (await api.get(f"/task_runs/{before}")).status_code == 200
    assert (await api.delete(f"/flow_runs/{gone}")).status_code == 204
    assert (await api.get(f"/task_runs/{before}")).status_code == 404
    await send_report(api, uuid7(), flow_run_id=gone)
    async with triggers(services):
        await send_states(api, gone)
        await recorded(api, await send_states(api))
    async with services.database.read() as connection:
        runs = await connection.execute(sa.select(task_run.c.flow_run_id))
        assert runs.scalars().all() == [None]
    events = await api.post("/events/filter", json={})
    assert events.json()["total"] >= 6, "what was told is a fact"


async def test_what_the_broker_lost_is_read_from_the_table(
    services: ServiceContext, api: httpx.AsyncClient
) -> None:
    id = await send_states(api)
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
        await recorded(api, await send_states(api))
        await send_poison(api)
        await recorded(api, await send_states(api))

        async def dead() -> int:
            return len(await services.streams.dead_letters(EVENTS_TOPIC, 10))

        assert await await_until(dead, timeout=20, description="a dead letter") == 1


async def test_a_poisonous_row_does_not_stop_a_replay(
    services: ServiceContext, api: httpx.AsyncClient
) -> None:
    await send_poison(api)
    id = await send_states(api)
    empty = services
    if services.streams.replicated:
        flush(services.settings.server.broker_url)
    else:
        empty = replace(services, streams=open_streams("memory://"))
    async with triggers(empty):
        await recorded(api, id)
