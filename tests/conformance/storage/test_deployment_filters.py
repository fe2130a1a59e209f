"""Filters of deployments, their own and through what belongs to them, on both dialects."""

from typing import Any

import pytest

from tests.support.work import NOW, SCOPE, deploy, make_flow, make_pool, make_queue, make_run
from windlass.schemas.deployments import DeploymentCreate
from windlass.schemas.filters.queries import DeploymentQuery
from windlass.schemas.filters.sorting import DeploymentSort
from windlass_services.storage import deployments
from windlass_services.storage.database import Database
from windlass_services.storage.deployment_changes import create_deployment
from windlass_services.storage.filters.query import Filters
from windlass_services.storage.paging import Window


@pytest.fixture
async def three(database: Database) -> None:
    """`red` (tags a, b) and `blue` (tag b) of `flow` in two queues, `Other` of `stream`."""
    await make_pool(database)
    await make_queue(database, "night")
    red = await deploy(
        database, "red", tags=["a", "b"], work_pool_name="pool", work_queue_name="night"
    )
    await deploy(
        database, "blue", tags=["b"], work_pool_name="pool", paused=True, concurrency_limit=3
    )
    await make_run(database, red, state_name="Late")
    flow_id = await make_flow(database, "stream")
    other = DeploymentCreate(name="Other", flow_id=flow_id)
    async with database.write() as connection:
        await create_deployment(connection, SCOPE, other, now=NOW)


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({}, "Other blue red"),
        ({"deployments": {}}, "Other blue red"),
        ({"deployments": {"name": {"any_": ["red", "none"]}}}, "red"),
        ({"deployments": {"name": {"any_": []}}}, ""),
        ({"deployments": {"name": {"like_": "OTH"}}}, "Other"),
        ({"deployments": {"name": {"like_": "%"}}}, ""),
        ({"deployments": {"flow_or_deployment_name": {"like_": "stre"}}}, "Other"),
        ({"deployments": {"flow_or_deployment_name": {"like_": "E"}}}, "Other blue red"),
        ({"deployments": {"paused": {"eq_": True}}}, "blue"),
        ({"deployments": {"tags": {"all_": ["a", "b"]}}}, "red"),
        ({"deployments": {"tags": {"all_": ["b"]}}}, "blue red"),
        ({"deployments": {"tags": {"any_": ["a", "c"]}}}, "red"),
        ({"deployments": {"tags": {"any_": ["c"]}}}, ""),
        ({"deployments": {"tags": {"is_null_": True}}}, "Other"),
        ({"deployments": {"tags": {"is_null_": False}}}, "blue red"),
        (
            {"deployments": {"tags": {"operator": "or_", "is_null_": True, "all_": ["a"]}}},
            "Other red",
        ),
        ({"deployments": {"work_queue_name": {"any_": ["default"]}}}, "blue"),
        ({"deployments": {"concurrency_limit": {"ge_": 2, "le_": 3}}}, "blue"),
        ({"deployments": {"concurrency_limit": {"is_null_": True}}}, "Other red"),
        (
            {"deployments": {"paused": {"eq_": True}, "name": {"like_": "red"}}},
            "",
        ),
        (
            {
                "deployments": {
                    "operator": "or_",
                    "paused": {"eq_": True},
                    "name": {"like_": "red"},
                }
            },
            "blue red",
        ),
        ({"flows": {"name": {"any_": ["stream"]}}}, "Other"),
        ({"flows": {}}, "Other blue red"),
        ({"flow_runs": {}}, "red"),
        ({"flow_runs": {"state": {"name": {"any_": ["Late"]}}}}, "red"),
        ({"flow_runs": {"state": {"name": {"not_any_": ["Late"]}}}}, ""),
        ({"flow_runs": {"idempotency_key": {"not_any_": ["key"]}}}, "red"),
        ({"task_runs": {}}, ""),
        ({"work_pools": {"name": {"any_": ["pool"]}}}, "blue red"),
        ({"work_pools": {"type": {"any_": ["docker"]}}}, ""),
        ({"work_pool_queues": {"name": {"startswith_": ["nig"]}}}, "red"),
        ({"work_pool_queues": {}, "flows": {"name": {"like_": "flow"}}}, "blue red"),
    ],
)
async def test_what_matches(database: Database, asked: dict[str, Any], names: str) -> None:
    query = DeploymentQuery.model_validate(asked)
    filters = Filters(**{name: getattr(query, name) for name in Filters.__slots__})
    async with database.read() as connection:
        found = await deployments.read_deployments(
            connection, SCOPE, filters, DeploymentSort.NAME_ASC, Window(10)
        )
        counted = await deployments.count_deployments(connection, SCOPE, filters)
    assert sorted(deployment.name for deployment in found) == names.split()
    assert counted == len(found)


@pytest.mark.usefixtures("three")
async def test_ids_choose_and_leave_out(database: Database) -> None:
    async with database.read() as connection:
        red = await deployments.read_deployment_by_name(connection, SCOPE, "flow", "red")
        for asked, names in (
            ({"any_": [str(red.id)]}, ["red"]),
            ({"not_any_": [str(red.id)]}, ["Other", "blue"]),
        ):
            query = DeploymentQuery.model_validate({"deployments": {"id": asked}})
            found = await deployments.read_deployments(
                connection,
                SCOPE,
                Filters(deployments=query.deployments),
                DeploymentSort.NAME_ASC,
                Window(10),
            )
            assert sorted(deployment.name for deployment in found) == names
