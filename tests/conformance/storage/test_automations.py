"""Automations on both dialects."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.support.work import NOW, SCOPE, deploy, make_flow, make_pool
from windlass.exceptions import ObjectNotFound, RequestInvalid
from windlass.ids import uuid7
from windlass.schemas.actions import DoNothing, RunDeployment
from windlass.schemas.automations import (
    Automation,
    AutomationCreate,
    AutomationPartialUpdate,
    AutomationUpdate,
)
from windlass.schemas.base import JsonObject
from windlass.schemas.filters.automations import AutomationFilter
from windlass.schemas.filters.sorting import AutomationSort
from windlass.schemas.triggers import all_triggers
from windlass_services.storage import automations
from windlass_services.storage.automation_targets import check_targets
from windlass_services.storage.database import Database
from windlass_services.storage.deployments import delete_deployment
from windlass_services.storage.flow_deletion import delete_flow
from windlass_services.storage.paging import Window

TRIGGER: JsonObject = {
    "type": "compound",
    "require": "all",
    "within": 10,
    "triggers": [{"type": "event", "expect": ["b", "a"], "match": {"label": ["x", "!y*"]}}],
}


def running(deployment_id: UUID, **fields: Any) -> JsonObject:
    """The action that runs a deployment."""
    return {"type": "run-deployment", "deployment_id": str(deployment_id), **fields}


def resource(deployment_id: UUID) -> str:
    return f"prefect.deployment.{deployment_id}"


async def make(
    database: Database, name: str = "automation", *, after: float = 0, **fields: Any
) -> Automation:
    """An automation made so many seconds after NOW."""
    said: JsonObject = {"name": name, "trigger": TRIGGER, "actions": [], **fields}
    wanted = AutomationCreate.model_validate(said)
    async with database.write() as connection:
        now = NOW + timedelta(seconds=after)
        return await automations.create_automation(connection, SCOPE, wanted, now=now)


async def names(
    database: Database, asked: JsonObject | None = None, sort: str = "NAME_ASC", limit: int = 200
) -> list[str]:
    """Of the automations that match."""
    filter = AutomationFilter.model_validate(asked or {})
    async with database.read() as connection:
        found = await automations.read_automations(
            connection, SCOPE, filter, AutomationSort(sort), Window(limit)
        )
    return [each.name for each in found]


async def related(database: Database, resource_id: str) -> list[str]:
    async with database.read() as connection:
        found = await automations.read_automations_related_to(connection, SCOPE, resource_id)
    return [each.name for each in found]


async def test_an_automation_is_kept_as_it_was_made(database: Database) -> None:
    made = await make(database, tags=["t"], description="d", actions=[running(uuid7())])
    async with database.read() as connection:
        kept = await automations.read_automation(connection, SCOPE, made.id)
    assert kept == made
    assert (kept.created, kept.updated, kept.enabled) == (NOW, NOW, True)
    (child,) = list(all_triggers(kept.trigger))[1:]
    assert child.type == "event"
    assert child.expect == {"a", "b"}


async def test_automations_are_filtered_and_sorted(database: Database) -> None:
    await make(database, "b", tags=["x", "y"])
    await make(database, "a", after=10, tags=["x"])
    await make(database, "c", after=20)
    assert await names(database) == ["a", "b", "c"]
    assert await names(database, sort="CREATED_DESC", limit=2) == ["c", "a"]
    assert await names(database, {"name": {"any_": ["a", "c", "d"]}}) == ["a", "c"]
    assert await names(database, {"tags": {"all_": ["x", "y"]}}) == ["b"]
    assert await names(database, {"tags": {"any_": ["x"]}}) == ["a", "b"]
    assert await names(database, {"tags": {"is_null_": True}}) == ["c"]
    moment = (NOW + timedelta(seconds=10)).isoformat()
    assert await names(database, {"created": {"before_": moment}}) == ["a", "b"]
    async with database.read() as connection:
        assert await automations.count_automations(connection, SCOPE) == 3


async def test_an_update_replaces_all_but_the_owner_and_renews_the_triggers(
    database: Database,
) -> None:
    first, second, owner = uuid7(), uuid7(), uuid7()
    made = await make(database, actions=[running(first)], owner_resource=resource(owner))
    actions = [DoNothing(), RunDeployment(deployment_id=second)]
    update = AutomationUpdate(name="new", trigger=made.trigger, actions=list(actions))
    later = NOW + timedelta(hours=1)
    async with database.write() as connection:
        await automations.update_automation(connection, SCOPE, made.id, update, now=later)
        changed = await automations.read_automation(connection, SCOPE, made.id)
    assert (changed.name, changed.created, changed.updated) == ("new", NOW, later)
    before = {each.id for each in all_triggers(made.trigger)}
    assert before.isdisjoint(each.id for each in all_triggers(changed.trigger))
    about = {"first": first, "second": second, "owner": owner}
    found = {name: await related(database, resource(id)) for name, id in about.items()}
    assert found == {"first": [], "second": ["new"], "owner": ["new"]}


async def test_a_patch_changes_what_it_says(database: Database) -> None:
    made = await make(database)
    for update, enabled in (
        (AutomationPartialUpdate(enabled=False), False),
        (AutomationPartialUpdate(), False),
        (AutomationPartialUpdate(enabled=True), True),
    ):
        async with database.write() as connection:
            await automations.patch_automation(connection, SCOPE, made.id, update, now=NOW)
            kept = await automations.read_automation(connection, SCOPE, made.id)
        assert kept.enabled is enabled


async def test_only_what_a_resource_owns_goes_with_it(database: Database) -> None:
    deployment_id = uuid7()
    await make(database, "owned", owner_resource=resource(deployment_id))
    await make(database, "both", owner_resource=resource(deployment_id), actions=[
        running(deployment_id)
    ])  # fmt: skip
    await make(database, "running", after=1, actions=[running(deployment_id)])
    await make(database, "other")
    assert set(await related(database, resource(deployment_id))) == {"owned", "both", "running"}
    async with database.write() as connection:
        gone = await automations.delete_automations_owned_by(
            connection, SCOPE, resource(deployment_id)
        )
    assert gone == 2
    assert await names(database) == ["other", "running"]
    assert await related(database, resource(deployment_id)) == ["running"]


async def test_the_triggers_of_a_deployment_go_with_it_and_with_its_flow(
    database: Database,
) -> None:
    flow_id = await make_flow(database)
    kept = await deploy(database, "kept")
    gone = await deploy(database, "gone")
    await make(database, "of the one", owner_resource=resource(gone.id))
    await make(database, "of the other", owner_resource=resource(kept.id))
    async with database.write() as connection:
        await delete_deployment(connection, SCOPE, gone.id, now=NOW)
    assert await names(database) == ["of the other"]
    async with database.write() as connection:
        await delete_flow(connection, SCOPE, flow_id, now=NOW)
    assert await names(database) == []


async def test_job_variables_must_fit_the_pool_of_the_deployment(database: Database) -> None:
    properties = {"size": {"type": "integer"}, "image": {"type": "string"}}
    variables = {"type": "object", "properties": properties, "required": ["image"]}
    template = {"job_configuration": {}, "variables": variables}
    await make_pool(database, base_job_template=template)
    deployment = await deploy(database, work_pool_name="pool", job_variables={"image": "python"})

    async def check(deployment_id: UUID, job_variables: JsonObject) -> None:
        action = running(deployment_id, job_variables=job_variables)
        said = {"name": "automation", "trigger": TRIGGER, "actions": [action]}
        async with database.read() as connection:
            await check_targets(connection, SCOPE, AutomationCreate.model_validate(said))

    await check(deployment.id, {"size": 1})
    await check(uuid7(), {})
    with pytest.raises(RequestInvalid, match="size"):
        await check(deployment.id, {"size": "large"})
    with pytest.raises(ObjectNotFound):
        await check(uuid7(), {"size": 1})


async def test_what_is_not_there_is_not_found(database: Database) -> None:
    made = await make(database)
    update = AutomationUpdate(name="x", trigger=made.trigger, actions=[])
    async with database.write() as connection:
        await automations.delete_automation(connection, SCOPE, made.id)
        for attempt in (
            automations.read_automation(connection, SCOPE, made.id),
            automations.delete_automation(connection, SCOPE, made.id),
            automations.update_automation(connection, SCOPE, made.id, update, now=NOW),
            automations.patch_automation(
                connection, SCOPE, made.id, AutomationPartialUpdate(enabled=False), now=NOW
            ),
        ):
            with pytest.raises(ObjectNotFound):
                await attempt
