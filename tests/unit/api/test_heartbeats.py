"""A run whose stock runner sends heartbeats is missed when they end."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from windlass.clock import utc_now
from windlass.ids import uuid7
from windlass_services.orchestration.context import ServiceContext
from windlass_services.scheduler.loops.expired_executions import end_expired_executions
from windlass_services.storage.api_beats import beat_of_api


@pytest.fixture
async def run_id(api: httpx.AsyncClient) -> str:
    """A run that a stock worker started: nobody claimed it, and nobody renews a lease."""
    await api.post("/work_pools/", json={"name": "pool", "type": "process"})
    flow = (await api.post("/flows/", json={"name": "flow"})).json()["id"]
    wanted = {"name": "d", "flow_id": flow, "work_pool_name": "pool"}
    deployment = (await api.post("/deployments/", json=wanted)).json()["id"]
    run = (await api.post(f"/deployments/{deployment}/create_flow_run", json={})).json()["id"]
    for state in ("PENDING", "RUNNING"):
        await api.post(f"/flow_runs/{run}/set_state", json={"state": {"type": state}})
    return run


async def beat(api: httpx.AsyncClient, resource_id: str) -> None:
    event: dict[str, Any] = {
        "id": str(uuid7()),
        "event": "prefect.flow-run.heartbeat",
        "occurred": utc_now().isoformat(),
        "resource": {"prefect.resource.id": resource_id},
    }
    (await api.post("/events", json=[event])).raise_for_status()


async def state_type(
    services: ServiceContext, api: httpx.AsyncClient, run_id: str, *, after: float
) -> str:
    """The type of the run's state when the scheduler has looked, so many seconds later."""
    then = replace(services, clock=lambda: utc_now() + timedelta(seconds=after))
    await end_expired_executions(then)
    return (await api.get(f"/flow_runs/{run_id}")).json()["state"]["type"]


async def test_a_run_that_never_sent_one_is_left_alone(
    services: ServiceContext, api: httpx.AsyncClient, run_id: str
) -> None:
    assert await state_type(services, api, run_id, after=86_400) == "RUNNING"


async def test_a_run_that_is_served_is_told_no_execution_and_is_observed(
    services: ServiceContext, api: httpx.AsyncClient
) -> None:
    """The documented exception: who serves polls for deployments, and starts what it finds as
    itself. Nothing but its own heartbeats tells that it is gone."""
    flow = (await api.post("/flows/", json={"name": "flow"})).json()["id"]
    wanted = {"name": "served", "flow_id": flow, "path": ".", "entrypoint": "f.py:f"}
    deployment = (await api.post("/deployments/", json=wanted)).json()["id"]
    run = (await api.post(f"/deployments/{deployment}/create_flow_run", json={})).json()["id"]
    asked = {"deployment_ids": [deployment]}
    [told] = (await api.post("/deployments/get_scheduled_flow_runs", json=asked)).json()
    assert (told["id"], told["job_variables"] or {}) == (run, {})
    for state in ("PENDING", "RUNNING"):
        await api.post(f"/flow_runs/{run}/set_state", json={"state": {"type": state}})
    assert await state_type(services, api, run, after=86_400) == "RUNNING"
    await beat(api, f"prefect.flow-run.{run}")
    assert await state_type(services, api, run, after=541) == "CRASHED"


async def test_a_run_whose_heartbeats_ended_has_crashed(
    services: ServiceContext, api: httpx.AsyncClient, run_id: str
) -> None:
    await beat(api, f"prefect.flow-run.{run_id}")
    assert await state_type(services, api, run_id, after=530) == "RUNNING"
    assert await state_type(services, api, run_id, after=541) == "CRASHED"


async def test_a_heartbeat_counts_that_is_sent_before_the_run_says_anything(
    services: ServiceContext, api: httpx.AsyncClient, run_id: str
) -> None:
    """As a stock runner sends its first one: the next may never come."""
    again = {"state": {"type": "SCHEDULED"}, "force": True}
    await api.post(f"/flow_runs/{run_id}/set_state", json=again)
    await api.post(f"/flow_runs/{run_id}/set_state", json={"state": {"type": "PENDING"}})
    await beat(api, f"prefect.flow-run.{run_id}")
    await api.post(f"/flow_runs/{run_id}/set_state", json={"state": {"type": "RUNNING"}})
    assert await state_type(services, api, run_id, after=530) == "RUNNING"
    assert await state_type(services, api, run_id, after=541) == "CRASHED"


async def test_after_an_outage_a_run_has_the_time_of_its_next_heartbeats(
    services: ServiceContext, api: httpx.AsyncClient, run_id: str
) -> None:
    await beat(api, f"prefect.flow-run.{run_id}")
    back = utc_now() + timedelta(seconds=1000)
    replica, lease = uuid7(), timedelta(seconds=30)

    async def answer_until(seconds: int) -> None:
        for at in range(seconds - 120, seconds + 1, 5):
            async with services.database.write() as connection:
                now = back + timedelta(seconds=max(at, 0))
                await beat_of_api(connection, replica, now=now, lease=lease)

    for seconds in (120, 240, 360, 480):
        await answer_until(seconds)
        assert await state_type(services, api, run_id, after=1000 + seconds) == "RUNNING"
    await answer_until(545)
    assert await state_type(services, api, run_id, after=1000 + 545) == "CRASHED"


@pytest.mark.parametrize("about", ["prefect.flow-run.x", "prefect.flow.1", "thing"])
async def test_what_is_about_no_run_keeps_none_alive(
    services: ServiceContext, api: httpx.AsyncClient, run_id: str, about: str
) -> None:
    await beat(api, about)
    assert await state_type(services, api, run_id, after=541) == "RUNNING"


async def test_a_lease_that_is_renewed_is_not_made_longer(
    services: ServiceContext, api: httpx.AsyncClient, run_id: str
) -> None:
    await api.post(f"/flow_runs/{run_id}/set_state", json={"state": {"type": "CANCELLED"}})
    again = {"state": {"type": "SCHEDULED"}, "force": True}
    await api.post(f"/flow_runs/{run_id}/set_state", json=again)
    asked = {"worker_name": "worker", "request_id": str(uuid7()), "limit": 1}
    [claimed] = (await api.post("/work_pools/pool/claim", json=asked)).json()["runs"]
    started = {"state": {"type": "RUNNING"}, "execution_id": claimed["execution_id"]}
    await api.post(f"/flow_runs/{run_id}/set_state", json=started | {"leased": True})
    await beat(api, f"prefect.flow-run.{run_id}")
    assert await state_type(services, api, run_id, after=31) == "CRASHED"
