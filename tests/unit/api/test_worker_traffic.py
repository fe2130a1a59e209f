"""Heartbeats and polls that come in at one moment share a transaction, and nothing else."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import anyio
import pytest

from tests.support.waiting import await_until
from windlass.client._async.client import WindlassClient
from windlass.exceptions import ObjectNotFound
from windlass.ids import uuid7
from windlass.schemas.deployments import DeploymentCreate
from windlass.schemas.executions import ClaimRequest, HeartbeatTaken
from windlass.schemas.flow_runs import DeploymentFlowRunCreate
from windlass.schemas.state_constructors import Scheduled
from windlass.schemas.work_pools import WorkPoolCreate, WorkPoolStatus, WorkPoolUpdate
from windlass.schemas.workers import WorkerHeartbeat, WorkerStatus


async def deploy(client: WindlassClient, pool: str) -> UUID:
    """A deployment into a new pool."""
    await client.create_work_pool(WorkPoolCreate(name=pool, type="process"))
    flow_id = await client.create_flow_from_name("flow")
    create = DeploymentCreate(name=pool, flow_id=flow_id, work_pool_name=pool)
    return (await client.create_deployment(create)).id


async def test_polls_at_once_are_answered_each_for_its_pool(client: WindlassClient) -> None:
    runs = {
        pool: (await client.create_flow_run_from_deployment(await deploy(client, pool))).id
        for pool in ("a", "b")
    }
    await deploy(client, "empty")
    found: dict[str, list[UUID]] = {}

    async def poll(pool: str) -> None:
        told = await client.get_scheduled_flow_runs_for_work_pool(pool)
        found[pool] = [one.flow_run.id for one in told]

    async def poll_in_vain() -> None:
        with pytest.raises(ObjectNotFound, match="work pool named 'nowhere'"):
            await client.get_scheduled_flow_runs_for_work_pool("nowhere")

    async with anyio.create_task_group() as tasks:
        for pool in ("a", "b", "empty"):
            tasks.start_soon(poll, pool)
        tasks.start_soon(poll_in_vain)
    assert found == {"a": [runs["a"]], "b": [runs["b"]], "empty": []}


async def test_polls_at_once_have_each_its_own_horizon(client: WindlassClient) -> None:
    deployment_id = await deploy(client, "pool")
    now = datetime.now(UTC)
    for minutes in (1, 3):
        later = Scheduled(now + timedelta(minutes=minutes)).to_create()
        await client.create_flow_run_from_deployment(
            deployment_id, DeploymentFlowRunCreate(state=later)
        )
    found: dict[int, int] = {}

    async def poll(minutes: int) -> None:
        told = await client.get_scheduled_flow_runs_for_work_pool(
            "pool", scheduled_before=now + timedelta(minutes=minutes)
        )
        found[minutes] = len(told)

    async with anyio.create_task_group() as tasks:
        for minutes in (0, 2, 4):
            tasks.start_soon(poll, minutes)
    assert found == {0: 0, 2: 1, 4: 2}


async def test_a_worker_of_no_pool_costs_the_others_nothing(client: WindlassClient) -> None:
    await client.create_work_pool(WorkPoolCreate(name="pool", type="process"))
    refused: list[ObjectNotFound] = []

    async def beat(pool: str, name: str) -> None:
        try:
            await client.send_worker_heartbeat(pool, WorkerHeartbeat(name=name))
        except ObjectNotFound as error:
            refused.append(error)

    async with anyio.create_task_group() as tasks:
        for pool, name in [("pool", "a"), ("nowhere", "x"), ("pool", "b")]:
            tasks.start_soon(beat, pool, name)
    assert [str(error) for error in refused] == [str(refused[0])]
    assert "windlass work-pool create nowhere" in str(refused[0])
    listed = await client.read_workers_for_work_pool("pool")
    assert {worker.name for worker in listed} == {"a", "b"}


def claim_of(worker: str, **fields: object) -> ClaimRequest:
    """A claim that waits for nothing."""
    return ClaimRequest.model_validate(
        {"worker_name": worker, "request_id": uuid7(), "limit": 1, **fields}
    )


async def test_a_claim_that_says_so_is_a_heartbeat(client: WindlassClient) -> None:
    await client.create_work_pool(WorkPoolCreate(name="pool", type="process"))
    told = await client.ask_for_runs("pool", claim_of("alive", heartbeat_interval_seconds=7))
    silent = await client.ask_for_runs("pool", claim_of("silent"))
    pool = await client.read_work_pool("pool")
    assert told.heartbeat == HeartbeatTaken(teardowns=0, work_pool_updated=pool.updated)
    assert silent.heartbeat is None

    async def is_heard() -> bool:
        return bool(await client.read_workers_for_work_pool("pool"))

    await await_until(is_heard, description="the worker to be listed")
    [worker] = await client.read_workers_for_work_pool("pool")
    assert (worker.name, worker.heartbeat_interval_seconds) == ("alive", 7)
    assert worker.status is WorkerStatus.ONLINE
    assert (await client.read_work_pool("pool")).status is WorkPoolStatus.READY


async def test_a_claim_hears_that_its_pool_changed(client: WindlassClient) -> None:
    await client.create_work_pool(WorkPoolCreate(name="pool", type="process"))

    async def updated() -> datetime | None:
        asked = claim_of("worker", heartbeat_interval_seconds=30)
        told = (await client.ask_for_runs("pool", asked)).heartbeat
        assert told is not None
        return told.work_pool_updated

    before = await updated()
    await client.update_work_pool("pool", WorkPoolUpdate(description="changed"))

    async def is_told() -> bool:
        return await updated() != before

    await await_until(is_told, description="the claim to tell of the change")
    assert await updated() == (await client.read_work_pool("pool")).updated
