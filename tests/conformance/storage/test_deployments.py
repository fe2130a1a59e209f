"""Deployments on both dialects: what is said changes, what is not said stays."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import anyio
import pytest

from tests.support.work import (
    NOW,
    SCOPE,
    deploy,
    make_pool,
    make_queue,
    make_run,
    open_execution,
    run_ids,
)
from windlass.exceptions import ObjectNotFound, RequestInvalid
from windlass.schemas.deployments import DeploymentCreate, DeploymentStatus, DeploymentUpdate
from windlass.schemas.filters.sorting import DeploymentSort
from windlass_services.storage import deployment_changes, deployments
from windlass_services.storage.database import Database
from windlass_services.storage.ensured_queues import DEFAULT_AGENT_POOL
from windlass_services.storage.filters.query import Filters
from windlass_services.storage.paging import Window
from windlass_services.storage.polls import record_polls
from windlass_services.storage.work_queues import read_queues_of_pool

SCHEMA = {
    "type": "object",
    "properties": {"x": {"type": "integer"}, "y": {"type": "string"}},
    "required": ["x", "y"],
}
TEMPLATE = {
    "job_configuration": {"cpu": "{{ cpu }}", "image": "{{ image }}"},
    "variables": {
        "properties": {"cpu": {"type": "integer"}, "image": {"type": "string"}},
        "required": ["image"],
    },
}


async def update(database: Database, deployment_id: UUID, **fields: object) -> None:
    """Send a PATCH that says only `fields`."""
    asked = DeploymentUpdate.model_validate(fields)
    async with database.write() as connection:
        await deployment_changes.update_deployment(
            connection, SCOPE, deployment_id, asked, now=NOW + timedelta(minutes=1)
        )


async def test_a_deployment_is_read_as_it_was_made(database: Database) -> None:
    await make_pool(database)
    made = await deploy(
        database,
        work_pool_name="pool",
        work_queue_name="new",
        parameters={"x": 1},
        tags=["a"],
        labels={"team": "red"},
        job_variables={"env": {"A": "1"}},
        concurrency_limit=2,
        concurrency_options={"collision_strategy": "CANCEL_NEW", "grace_period_seconds": 60},
        pull_steps=[{"step": {"id": "clone"}}],
        version="3",
        version_info={"type": "vcs:git", "version": "3", "branch": "main"},
        description="Nightly",
        entrypoint="flow.py:flow",
        path=".",
        parameter_openapi_schema={"type": "object"},
    )
    async with database.read() as connection:
        by_id = await deployments.read_deployment(connection, SCOPE, made.id)
        by_name = await deployments.read_deployment_by_name(connection, SCOPE, "flow", "deployment")
    assert made == by_id == by_name
    assert (made.work_pool_name, made.work_queue_name) == ("pool", "new")
    assert (made.parameters, made.tags, made.version) == ({"x": 1}, ["a"], "3")
    assert made.labels == {"team": "red", "prefect.flow.id": str(made.flow_id)}
    assert made.concurrency_options is not None
    assert made.concurrency_options.grace_period_seconds == 60
    assert made.created == made.updated == NOW


async def test_the_same_flow_and_name_is_the_same_deployment(database: Database) -> None:
    flow_pool = await make_pool(database)
    first = await deploy(database, work_pool_name="pool", description="old", tags=["a"])
    again = await deploy(database, tags=["b"], now=NOW + timedelta(hours=1))
    assert again.id == first.id
    assert (again.tags, again.description) == (["b"], "old")
    assert again.work_queue_id == flow_pool.default_queue_id
    assert (again.created, again.updated) == (NOW, NOW + timedelta(hours=1))


async def test_null_clears_and_absent_keeps(database: Database) -> None:
    await make_pool(database)
    made = await deploy(
        database,
        work_pool_name="pool",
        parameters={"x": 1},
        description="old",
        concurrency_limit=2,
        job_variables={"a": 1},
        tags=["a"],
    )
    await update(database, made.id, parameters=None, concurrency_limit=None, description=None)
    async with database.read() as connection:
        now = await deployments.read_deployment(connection, SCOPE, made.id)
    assert (now.parameters, now.concurrency_limit, now.description) == ({}, None, None)
    assert (now.job_variables, now.tags, now.work_pool_name) == ({"a": 1}, ["a"], "pool")
    assert now.global_concurrency_limit is None
    assert now.updated == NOW + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("said", "pool", "queue"),
    [
        ({}, "pool", "a"),
        ({"work_pool_name": "pool"}, "pool", "a"),
        ({"work_queue_name": None}, "pool", "default"),
        ({"work_queue_name": "made-now"}, "pool", "made-now"),
        ({"work_pool_name": "other"}, "other", "default"),
        ({"work_pool_name": "other", "work_queue_name": "b"}, "other", "b"),
        ({"work_pool_name": None, "work_queue_name": None}, None, None),
        ({"work_pool_name": None, "work_queue_name": "old"}, DEFAULT_AGENT_POOL, "old"),
    ],
)
async def test_where_the_runs_of_a_redeployed_deployment_wait(
    database: Database, said: dict[str, Any], pool: str | None, queue: str | None
) -> None:
    await make_pool(database)
    await make_pool(database, "other")
    await make_queue(database, "a")
    await deploy(database, work_pool_name="pool", work_queue_name="a")
    now = await deploy(database, **said)
    assert (now.work_pool_name, now.work_queue_name) == (pool, queue)
    assert (now.work_queue_id is None) == (queue is None)


async def test_what_does_not_exist_is_named(database: Database) -> None:
    with pytest.raises(ObjectNotFound, match="work pool named 'nowhere'"):
        await deploy(database, work_pool_name="nowhere")
    with pytest.raises(ObjectNotFound, match="concurrency limit"):
        await deploy(database, global_concurrency_limit_id=uuid4())
    create = DeploymentCreate(name="d", flow_id=uuid4())
    async with database.write() as connection:
        with pytest.raises(ObjectNotFound, match="no flow"):
            await deployment_changes.create_deployment(connection, SCOPE, create, now=NOW)
    with pytest.raises(ObjectNotFound, match="no deployment"):
        await update(database, uuid4(), paused=True)
    async with database.read() as connection:
        with pytest.raises(ObjectNotFound, match="'flow/deployment'"):
            await deployments.read_deployment_by_name(connection, SCOPE, "flow", "deployment")


async def test_a_refused_deployment_leaves_nothing_behind(database: Database) -> None:
    with pytest.raises(RequestInvalid, match="`x` must be of type integer"):
        await deploy(database, parameter_openapi_schema=SCHEMA, parameters={"x": "one"})
    async with database.read() as connection:
        assert await deployments.count_deployments(connection, SCOPE, Filters()) == 0


async def test_parameters_may_be_incomplete_and_unchecked_if_so_wished(
    database: Database,
) -> None:
    made = await deploy(database, parameter_openapi_schema=SCHEMA, parameters={"x": 1})
    assert made.parameters == {"x": 1}
    wrong: dict[str, Any] = {"parameters": {"x": "one"}, "enforce_parameter_schema": False}
    assert (await deploy(database, **wrong)).parameters == {"x": "one"}
    with pytest.raises(RequestInvalid, match="parameters of the deployment 'deployment'"):
        await update(database, made.id, enforce_parameter_schema=True)


async def test_job_variables_must_fit_the_template_of_the_pool(database: Database) -> None:
    await make_pool(database, base_job_template=TEMPLATE)
    made = await deploy(
        database, work_pool_name="pool", job_variables={"cpu": "{{ $CPU }}", "more": 1}
    )
    assert made.job_variables == {"cpu": "{{ $CPU }}", "more": 1}
    with pytest.raises(RequestInvalid, match="`cpu` must be of type integer, not 'many'"):
        await update(database, made.id, job_variables={"cpu": "many"})


async def test_a_deployment_shows_its_limit_and_how_much_of_it_is_taken(
    database: Database,
) -> None:
    await make_pool(database)
    made = await deploy(database, work_pool_name="pool", concurrency_limit=3)
    assert made.global_concurrency_limit is not None
    limit_id = made.global_concurrency_limit.id
    for live in (True, True, False):
        run_id = await make_run(database, made)
        await open_execution(database, run_id, live=live)
    now = await deploy(database, concurrency_limit=5)
    assert now.global_concurrency_limit is not None
    assert now.global_concurrency_limit.id == limit_id
    assert now.global_concurrency_limit.limit == now.concurrency_limit == 5
    assert now.global_concurrency_limit.active_slots == 2


async def test_a_deployment_into_a_polled_queue_is_ready_at_once(database: Database) -> None:
    pool = await make_pool(database)
    assert pool.default_queue_id is not None
    async with database.write() as connection:
        await record_polls(connection, [pool.default_queue_id], now=NOW)
    made = await deploy(database, work_pool_name="pool")
    assert made.status is DeploymentStatus.READY
    assert made.last_polled == NOW


async def test_pausing_removes_what_was_scheduled_ahead_and_nothing_else(
    database: Database,
) -> None:
    await make_pool(database)
    made = await deploy(database, work_pool_name="pool")
    ahead = await make_run(database, made, auto_scheduled=True)
    by_hand = await make_run(database, made)
    retried = await make_run(database, made, auto_scheduled=True, run_count=1)
    async with database.write() as connection:
        await deployments.set_deployment_paused(connection, SCOPE, made.id, True, now=NOW)
        paused = await deployments.read_deployment(connection, SCOPE, made.id)
    assert paused.paused
    assert await run_ids(database) == {by_hand, retried}
    assert ahead not in await run_ids(database)


async def test_a_deleted_deployment_takes_the_runs_that_wait(database: Database) -> None:
    await make_pool(database)
    made = await deploy(
        database, work_pool_name="pool", schedules=[{"schedule": {"cron": "0 0 * * *"}}]
    )
    await make_run(database, made)
    started = await make_run(database, made, run_count=1)
    async with database.write() as connection:
        await deployments.delete_deployment(connection, SCOPE, made.id, now=NOW)
        with pytest.raises(ObjectNotFound):
            await deployments.read_deployment(connection, SCOPE, made.id)
        with pytest.raises(ObjectNotFound):
            await deployments.delete_deployment(connection, SCOPE, made.id, now=NOW)
    assert await run_ids(database) == {started}


async def test_deployers_and_pollers_at_the_same_time_leave_one_deployment(
    database: Database,
) -> None:
    pool = await make_pool(database)
    ids: set[UUID] = set()
    hourly = {"schedule": {"interval": 3600}, "slug": "hourly"}

    async def redeploy(number: int) -> None:
        queue = f"queue-{number % 3}"
        made = await deploy(
            database, work_pool_name="pool", work_queue_name=queue, schedules=[hourly]
        )
        ids.add(made.id)
        await make_run(database, made, auto_scheduled=True, schedule_id=made.schedules[0].id)

    async def poll(number: int) -> None:
        async with database.write() as connection:
            queues = await read_queues_of_pool(connection, SCOPE, pool, None)
            later = NOW + timedelta(minutes=number)
            await record_polls(connection, [queue.id for queue in queues], now=later)

    async with anyio.create_task_group() as tasks:
        for number in range(12):
            tasks.start_soon(redeploy, number)
            tasks.start_soon(poll, number)
    async with database.read() as connection:
        [only] = await deployments.read_deployments(
            connection, SCOPE, Filters(), DeploymentSort.NAME_ASC, Window(10)
        )
    assert ids == {only.id}
    assert [schedule.slug for schedule in only.schedules] == ["hourly"]


async def test_deployments_are_listed_in_the_order_asked_for(database: Database) -> None:
    for number, name in enumerate(("b", "a", "c")):
        await deploy(database, name, now=NOW + timedelta(minutes=number))
    async with database.read() as connection:
        for sort, names in (
            (DeploymentSort.NAME_ASC, "abc"),
            (DeploymentSort.NAME_DESC, "cba"),
            (DeploymentSort.CREATED_DESC, "cab"),
            (DeploymentSort.UPDATED_DESC, "cab"),
        ):
            found = await deployments.read_deployments(
                connection, SCOPE, Filters(), sort, Window(10)
            )
            assert "".join(deployment.name for deployment in found) == names
        second = await deployments.read_deployments(
            connection, SCOPE, Filters(), DeploymentSort.NAME_ASC, Window(1, 1)
        )
    assert [deployment.name for deployment in second] == ["b"]
