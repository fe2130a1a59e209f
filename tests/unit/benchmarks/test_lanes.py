"""What the lanes send is what servers take: each at its smallest, against a running server."""

import pytest

from benchmarks import claims, events, idle, soak
from benchmarks.lifecycles import Wire
from benchmarks.sides import RunningServer, windlass
from tests.support.waiting import wait_until
from tests.support.windlass_server import WindlassServer
from windlass.settings.groups import walk
from windlass.settings.worker import WorkerSettings
from windlass_workers.agent.claims import longest_wait


@pytest.fixture
def running(windlass_server: WindlassServer) -> RunningServer:
    """The server as lanes know it."""
    process = next(iter(windlass_server.processes.values())).running
    assert process is not None
    return RunningServer(windlass_server.api_url, process.pid, 1.0)


async def test_every_run_is_claimed_by_a_waiting_worker(
    running: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "_SETTLING", 0.5)
    times = await claims.latencies(windlass(), running, workers=4, per_second=20, seconds=0.5)
    assert len(times) == 10
    assert all(0 < seconds < claims.LATE for seconds in times)


def test_idle_workers_wait_as_long_as_an_agent_does_by_default() -> None:
    defaults = {path: field.default for path, field, _ in walk(WorkerSettings)}
    asked_every, heard_every = defaults["query_seconds"], defaults["heartbeat_seconds"]
    assert isinstance(asked_every, float)
    assert isinstance(heard_every, float)
    assert longest_wait(asked_every, heard_every) == idle.CLAIM_WAIT


async def test_a_claim_takes_what_is_due(running: RunningServer) -> None:
    deployment = await claims.deploy(running)
    created: dict[str, float] = {}
    for _ in range(3):
        await claims.create(running, deployment, created)
    wire = Wire(running.url)
    runs = await idle.claim(wire, "a-worker", limit=10, wait=0)
    assert {run["flow_run"]["id"] for run in runs} == created.keys()
    assert not await idle.claim(wire, "a-worker", limit=10, wait=0)
    wire.close()


async def test_a_polled_run_is_taken_by_one_worker_only(running: RunningServer) -> None:
    created: dict[str, float] = {}
    await claims.create(running, await claims.deploy(running), created)
    wire = Wire(running.url)
    assert await idle.poll(wire) == list(created)
    [run] = created
    assert await idle.take(wire, run)
    assert not await idle.take(wire, run)
    wire.close()


@pytest.mark.parametrize("send", [events.over_sockets, events.in_requests])
async def test_events_count_when_they_are_visible(
    running: RunningServer, send: events.Send
) -> None:
    before = await events.visible(running.url, events.TASK_RUNS)
    load = events.Load(running.url, seconds=10, clients=2, most=6)
    assert await load.rate(events.TASK_RUNS, send) > 0
    assert await events.visible(running.url, events.TASK_RUNS) == before + 12


async def test_a_second_of_the_soak_fails_no_request(
    running: RunningServer, windlass_server: WindlassServer
) -> None:
    load = soak.Load(running.url, per_second=4)
    await load.prepare()
    await load.run(1)
    assert (load.flow_runs, load.task_runs, load.errors) == (1, 4, 0)
    named = {"flows": {"name": {"any_": ["soaked"]}}}
    wait_until(
        lambda: windlass_server.post("task_runs/count", named) == 4,
        description="the task runs of reports and of events",
    )
