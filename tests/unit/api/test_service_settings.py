"""The settings of the background services reach the duties that they are about."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.api.test_deployment_routes import HOURLY, wanted
from windlass.client._async.client import WindlassClient
from windlass.clock import utc_now
from windlass.schemas.work_pools import WorkPoolCreate
from windlass.schemas.workers import WorkerHeartbeat, WorkerStatus
from windlass_services.orchestration.context import ServiceContext
from windlass_services.scheduler.loops import materialise, statuses

FOREMAN = "WINDLASS_SERVER_SERVICES_FOREMAN_"
SCHEDULER = "WINDLASS_SERVER_SERVICES_SCHEDULER_"


@pytest.fixture
def backends(backends: dict[str, str]) -> dict[str, str]:
    """A scheduler with little patience and small batches."""
    return backends | {
        f"{FOREMAN}INACTIVITY_HEARTBEAT_MULTIPLE": "2",
        f"{FOREMAN}FALLBACK_HEARTBEAT_INTERVAL_SECONDS": "5",
        f"{FOREMAN}DEPLOYMENT_LAST_POLLED_TIMEOUT_SECONDS": "20",
        f"{FOREMAN}WORK_QUEUE_LAST_POLLED_TIMEOUT_SECONDS": "30",
        f"{SCHEDULER}DEPLOYMENT_BATCH_SIZE": "2",
        f"{SCHEDULER}INSERT_BATCH_SIZE": "2",
    }


async def later(services: ServiceContext, seconds: float) -> None:
    """One pass of the duty that takes statuses back, so many seconds from now."""
    then = utc_now() + timedelta(seconds=seconds)
    duty = statuses.duty(replace(services, clock=lambda: then))
    assert duty is not None
    await duty.once()


async def test_a_worker_is_given_up_when_the_foreman_says(
    client: WindlassClient, services: ServiceContext
) -> None:
    await client.create_work_pool(WorkPoolCreate(name="pool", type="process"))
    await client.send_worker_heartbeat("pool", WorkerHeartbeat(name="worker"))
    for seconds, expected in ((9, WorkerStatus.ONLINE), (11, WorkerStatus.OFFLINE)):
        await later(services, seconds)
        [worker] = await client.read_workers_for_work_pool("pool")
        assert worker.status is expected


async def test_what_nobody_polls_is_not_ready_when_the_foreman_says(
    client: WindlassClient, services: ServiceContext
) -> None:
    pool = await client.create_work_pool(WorkPoolCreate(name="pool", type="process"))
    assert pool.default_queue_id is not None
    served = await client.create_deployment(await wanted(client))
    await client.get_scheduled_flow_runs_for_work_pool("pool")
    await client.get_scheduled_flow_runs_for_deployments([served.id])
    seen: list[tuple[Any, Any]] = []
    for seconds in (19, 21, 29, 31):
        await later(services, seconds)
        queue = await client.read_work_queue(pool.default_queue_id)
        deployment = await client.read_deployment(served.id)
        seen.append((queue.status, deployment.status))
    assert seen == [
        ("READY", "READY"),
        ("READY", "NOT_READY"),
        ("READY", "NOT_READY"),
        ("NOT_READY", "NOT_READY"),
    ]


async def test_the_scheduler_works_in_the_batches_that_it_is_told(
    client: WindlassClient, services: ServiceContext
) -> None:
    deployments = [
        await client.create_deployment(await wanted(client, name, schedules=[HOURLY]))
        for name in ("a", "b", "c")
    ]
    duty = materialise.duty(services)
    assert duty is not None
    assert duty.busy_at == 2
    assert [await duty.once(), await duty.once()] == [2, 1]
    ids = [one.id for one in deployments]
    runs = await client.get_scheduled_flow_runs_for_deployments(ids)
    assert len(runs) == 9
