"""What is kept, and for how long, is a matter of settings."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from windlass.clock import utc_now
from windlass.ids import uuid7
from windlass.settings.resolve import resolve
from windlass_services.orchestration.context import ServiceContext
from windlass_services.scheduler.loops.retention import forget_history


async def counts(api: httpx.AsyncClient, run_id: str) -> tuple[int, int, int]:
    """How many events of ours there are, logs, and states of the run."""
    wanted = {"filter": {"event": {"prefix": ["kept."]}}}
    events = (await api.post("/events/filter", json=wanted)).json()["events"]
    logs = (await api.post("/logs/filter", json={})).json()
    states = (await api.get("/flow_run_states/", params={"flow_run_id": run_id})).json()
    return len(events), len(logs), len(states)


async def made(api: httpx.AsyncClient) -> str:
    """An event, a log and a flow run with a state, all of today; the id of the run."""
    now = utc_now().isoformat()
    resource = {"prefect.resource.id": "thing.1"}
    event = {"id": str(uuid7()), "event": "kept.today", "occurred": now, "resource": resource}
    (await api.post("/events", json=[event])).raise_for_status()
    log = {"name": "n", "level": 20, "message": "m", "timestamp": now}
    (await api.post("/logs/", json=[log])).raise_for_status()
    flow = (await api.post("/flows/", json={"name": "flow"})).json()["id"]
    wanted = {"flow_id": flow, "state": {"type": "SCHEDULED"}}
    return (await api.post("/flow_runs/", json=wanted)).json()["id"]


def after(services: ServiceContext, days: int, home: Path, **said: str) -> ServiceContext:
    """The same, so many days later, with these settings."""
    settings = resolve({"WINDLASS_HOME": str(home)} | said, None)
    return replace(services, settings=settings, clock=lambda: utc_now() + timedelta(days=days))


async def test_events_are_kept_for_a_week_and_the_rest_for_good(
    services: ServiceContext, api: httpx.AsyncClient, windlass_home: Path
) -> None:
    run_id = await made(api)
    await forget_history(after(services, 7, windlass_home))
    assert await counts(api, run_id) == (1, 1, 1)
    await forget_history(after(services, 8, windlass_home))
    assert await counts(api, run_id) == (0, 1, 1)


@pytest.mark.parametrize(
    ("setting", "left"),
    [
        ("WINDLASS_SERVER_EVENTS_RETENTION_PERIOD", (0, 1, 1)),
        ("WINDLASS_SERVER_LOGS_RETENTION_PERIOD", (1, 0, 1)),
        ("WINDLASS_SERVER_STATES_RETENTION_PERIOD", (1, 1, 0)),
    ],
)
async def test_each_kind_of_history_has_a_period_of_its_own(
    services: ServiceContext,
    api: httpx.AsyncClient,
    windlass_home: Path,
    setting: str,
    left: tuple[int, int, int],
) -> None:
    run_id = await made(api)
    for_good = {"WINDLASS_SERVER_EVENTS_RETENTION_PERIOD": "PT0S"}
    await forget_history(after(services, 3, windlass_home, **(for_good | {setting: "P2D"})))
    assert await counts(api, run_id) == left
    run = (await api.get(f"/flow_runs/{run_id}")).json()
    assert run["state"]["type"] == "SCHEDULED"
