"""What schedulers measure for the metrics, on both sets of backends."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Final, cast

import anyio
import httpx
import pytest

from tests.support.waiting import await_until
from windlass.client._async.client import WindlassClient
from windlass.clock import utc_now
from windlass.exceptions import ServerBusy
from windlass.ids import uuid7
from windlass.schemas.deployments import DeploymentCreate
from windlass.schemas.executions import ClaimRequest
from windlass.schemas.flow_runs import DeploymentFlowRunCreate
from windlass.schemas.state_constructors import Scheduled
from windlass.schemas.states import StateCreate
from windlass.schemas.work_pools import WorkPoolCreate, WorkPoolUpdate
from windlass_services.events.rows import EVENTS_TOPIC, TASK_RUN_RECORDER
from windlass_services.orchestration.context import ServiceContext
from windlass_services.runtime.metrics import COUNTED, MEASURED
from windlass_services.scheduler.loops import measurements
from windlass_services.scheduler.loops.measurements import measure, startable
from windlass_services.storage.consumers import save_progress
from windlass_services.storage.database import Database
from windlass_services.storage.measurements import MeasuredQueue
from windlass_services.streams.open import open_streams
from windlass_services.streams.protocol import PARTITIONS
from windlass_services.triggers.process import run_triggers
from windlass_services.triggers.relay import relay

QUEUE: Final = {"pool": "pool", "queue": "default"}
GROUP: Final = {"topic": EVENTS_TOPIC, "group": TASK_RUN_RECORDER}


def measured(name: str, **labels: str) -> float | None:
    return MEASURED.get_sample_value(f"windlass_{name}", labels)


def counted(name: str) -> float:
    value = COUNTED.get_sample_value(f"windlass_{name}")
    assert value is not None
    return value


def queue(due: int = 0, live: int = 0, limit: int | None = None, **said: object) -> MeasuredQueue:
    fixed = MeasuredQueue("pool", "queue", 1, None, limit, False, due, 0, live)
    return replace(fixed, **said)


async def make_runs(client: WindlassClient, runs: int) -> None:
    """Runs of a deployment into `pool` that are due, and one that is not."""
    flow_id = await client.create_flow_from_name("flow")
    create = DeploymentCreate(name="deployment", flow_id=flow_id, work_pool_name="pool")
    deployment = await client.create_deployment(create)
    for _ in range(runs):
        await client.create_flow_run_from_deployment(deployment.id)
    later = Scheduled(utc_now() + timedelta(hours=1), id=uuid7(), now=utc_now())
    state = StateCreate.model_validate(later.model_dump())
    await client.create_flow_run_from_deployment(
        deployment.id, DeploymentFlowRunCreate(state=state)
    )


async def test_the_depth_of_a_queue_tells_what_workers_could_start(
    services: ServiceContext, client: WindlassClient
) -> None:
    await client.create_work_pool(WorkPoolCreate(name="pool", type="process", concurrency_limit=3))
    await make_runs(client, 4)
    await measure(services)
    assert measured("queue_runs_due", **QUEUE) == 3
    assert measured("queue_runs_waiting", **QUEUE) == 1
    assert measured("pool_slots_limit", pool="pool") == 3
    asked = ClaimRequest(worker_name="worker", request_id=uuid7(), limit=2)
    delays, claims = counted("schedule_delay_seconds_count"), counted("claim_latency_seconds_count")
    assert len(await client.claim("pool", asked)) == 2
    assert counted("schedule_delay_seconds_count") == delays + 2
    assert counted("claim_latency_seconds_count") == claims + 2
    await measure(services)
    assert measured("queue_runs_due", **QUEUE) == 1
    assert measured("queue_runs_waiting", **QUEUE) == 1
    assert measured("queue_slots_occupied", **QUEUE) == 2
    assert measured("pool_slots_occupied", pool="pool") == 2
    assert measured("queue_slots_limit", **QUEUE) is None
    await client.update_work_pool("pool", WorkPoolUpdate(is_paused=True))
    await measure(services)
    assert (measured("queue_runs_due", **QUEUE), measured("queue_runs_waiting", **QUEUE)) == (0, 2)
    await client.delete_work_pool("pool")
    await measure(services)
    assert measured("queue_runs_due", **QUEUE) is None


@pytest.mark.parametrize(
    ("queues", "expected"),
    [
        ([queue(due=5)], [5]),
        ([queue(due=5, live=2, limit=3)], [1]),
        ([queue(due=5, live=4, limit=3)], [0]),
        ([queue(due=2, pool_limit=3), queue(due=2, pool_limit=3)], [2, 1]),
        ([queue(due=2, pool_limit=3, is_paused=True), queue(due=2, pool_limit=3)], [0, 2]),
        ([queue(due=2, live=1, limit=2, pool_limit=3), queue(due=9, pool_limit=3)], [1, 1]),
    ],
)
def test_slots_go_to_the_first_queues_first(
    queues: list[MeasuredQueue], expected: list[int]
) -> None:
    assert startable(queues) == expected


async def test_a_limit_shows_its_slots_and_the_emptiest_are_left_out(
    services: ServiceContext,
    api: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(measurements, "_MOST_LIMITS", 1)
    for name, active in (("a-free", True), ("b-full", True), ("c-off", False)):
        made = {"name": name, "limit": 2, "active": active}
        assert (await api.post("/v2/concurrency_limits/", json=made)).status_code == 201
    asked = {"names": ["b-full"], "slots": 2, "lease_duration": 60}
    await api.post("/v2/concurrency_limits/increment-with-lease", json=asked)
    await measure(services)
    assert measured("limit_slots_occupied", concurrency_limit="b-full") == 2
    assert measured("limit_slots_limit", concurrency_limit="b-full") == 2
    assert measured("limit_slots_occupied", concurrency_limit="a-free") is None
    assert measured("limits_left_out") == 2
    monkeypatch.undo()
    await measure(services)
    assert measured("limit_slots_limit", concurrency_limit="a-free") == 2
    assert measured("limit_slots_limit", concurrency_limit="c-off") is None
    assert measured("limits_left_out") == 0


async def test_the_outbox_is_as_long_as_the_relay_is_late(
    services: ServiceContext, client: WindlassClient
) -> None:
    await client.create_work_pool(WorkPoolCreate(name="pool", type="process"))
    await make_runs(client, 1)
    later = replace(services, clock=lambda: utc_now() + timedelta(minutes=1))
    await measure(later)
    assert (measured("outbox_rows") or 0) >= 2
    assert (measured("outbox_oldest_seconds") or 0) >= 60
    await relay(services, 100)
    await measure(later)
    assert (measured("outbox_rows"), measured("outbox_oldest_seconds")) == (0, 0)
    assert 0 <= (measured("history_oldest_seconds", table="event") or -1) < 2 * 86_400


async def test_the_lag_rises_while_a_consumer_is_stopped_and_falls_again(
    services: ServiceContext, api: httpx.AsyncClient
) -> None:
    numbers = count()

    async def send() -> None:
        resource = {"prefect.resource.id": f"thing.{next(numbers)}"}
        event = {"event": "seen", "resource": resource, "id": str(uuid7())}
        event |= {"occurred": utc_now().isoformat()}
        assert (await api.post("/events", json=[event])).status_code == 204

    async def is_done() -> bool:
        await measure(services)
        return measured("consumer_lag_messages", **GROUP) == 0

    async def consume_all() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run_triggers, services)
            await await_until(is_done, timeout=20, description="the group to finish")
            tasks.cancel_scope.cancel()
        async with services.database.write() as connection:
            done = dict.fromkeys(range(PARTITIONS), utc_now())
            await save_progress(connection, EVENTS_TOPIC, TASK_RUN_RECORDER, done)
        await measure(services)

    later = replace(services, clock=lambda: utc_now() + timedelta(minutes=1))
    await send()
    await consume_all()
    await measure(later)
    assert measured("consumer_lag_seconds", **GROUP) == 0
    await send()
    await send()
    await measure(later)
    assert measured("consumer_lag_messages", **GROUP) == 2
    assert (measured("consumer_lag_seconds", **GROUP) or 0) >= 60
    # The table knows, even if the broker lost everything, or does not answer.
    await measure(replace(later, streams=open_streams("memory://")))
    assert measured("consumer_lag_messages", **GROUP) == 0
    assert (measured("consumer_lag_seconds", **GROUP) or 0) >= 60
    await consume_all()
    assert measured("consumer_lag_seconds", **GROUP) == 0


async def test_while_the_broker_is_away_its_values_grow_old(services: ServiceContext) -> None:
    await measure(services)
    lag = measured("consumer_lag_messages", **GROUP)
    before = measured("metrics_age_seconds", source="broker")
    nowhere = open_streams("redis://127.0.0.1:1/0")
    await measure(replace(services, streams=nowhere))
    await nowhere.close()
    broker = measured("metrics_age_seconds", source="broker")
    database = measured("metrics_age_seconds", source="database")
    assert before is not None
    assert broker is not None
    assert database is not None
    assert database < broker > before
    assert measured("consumer_lag_messages", **GROUP) == lag


class Away:
    """A database that does not answer."""

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[None]:
        raise ServerBusy("The database does not answer.")
        yield


async def test_while_the_database_is_away_its_values_grow_old(
    services: ServiceContext, client: WindlassClient
) -> None:
    await client.create_work_pool(WorkPoolCreate(name="pool", type="process"))
    await make_runs(client, 1)
    await measure(services)
    with pytest.raises(ServerBusy):
        await measure(replace(services, database=cast(Database, Away())))
    database = measured("metrics_age_seconds", source="database")
    broker = measured("metrics_age_seconds", source="broker")
    assert database is not None
    assert broker is not None
    assert broker < database
    assert measured("queue_runs_due", **QUEUE) == 1
