"""Automations over HTTP, on both sets of backends."""

from uuid import uuid4

import httpx
import pytest

from windlass.client._async.client import WindlassClient
from windlass.exceptions import ObjectNotFound, RequestInvalid
from windlass.schemas.actions import ActionTypes, CancelFlowRun, RunDeployment
from windlass.schemas.automations import AutomationCore, AutomationCreate
from windlass.schemas.base import JsonObject
from windlass.schemas.filters.automations import AutomationQuery
from windlass.schemas.filters.sorting import AutomationSort
from windlass.schemas.triggers import EventTrigger


def automation(name: str = "automation", *actions: ActionTypes) -> AutomationCreate:
    trigger = EventTrigger(expect={"an.event"})
    return AutomationCreate(name=name, trigger=trigger, actions=list(actions))


async def test_an_automation_lives_from_its_creation_to_its_deletion(
    client: WindlassClient,
) -> None:
    wanted = automation("first", CancelFlowRun())
    id = await client.create_automation(wanted)
    kept = await client.read_automation(id)
    assert (kept.trigger, kept.actions) == (wanted.trigger, [CancelFlowRun()])
    await client.pause_automation(id)
    assert not (await client.read_automation(id)).enabled
    await client.resume_automation(id)
    await client.update_automation(id, kept.model_copy(update={"name": "second"}))
    (found,) = await client.read_automations_by_name("second")
    assert (found.id, found.enabled, found.actions) == (id, True, [CancelFlowRun()])
    assert await client.count_automations() == 1
    await client.delete_automation(id)
    with pytest.raises(ObjectNotFound):
        await client.delete_automation(id)


async def test_automations_are_listed_in_the_order_asked_for(client: WindlassClient) -> None:
    for name in ("b", "a", "c"):
        await client.create_automation(automation(name))
    query = AutomationQuery(sort=AutomationSort.NAME_DESC, offset=1, limit=1)
    assert [each.name for each in await client.read_automations(query)] == ["b"]
    assert [each.name for each in await client.read_automations()] == ["a", "b", "c"]


async def test_a_resource_has_the_automations_that_it_owns_and_that_run_it(
    client: WindlassClient,
) -> None:
    id = uuid4()
    resource = f"prefect.deployment.{id}"
    owned = automation("owned").model_copy(update={"owner_resource": resource})
    await client.create_automation(owned)
    await client.create_automation(automation("running", RunDeployment(deployment_id=id)))
    found = await client.read_resource_related_automations(resource)
    assert [each.name for each in found] == ["owned", "running"]
    await client.delete_resource_owned_automations(resource)
    found = await client.read_resource_related_automations(resource)
    assert [each.name for each in found] == ["running"]


async def test_a_template_that_cannot_be_read_is_refused(client: WindlassClient) -> None:
    said: JsonObject = {
        "name": "x",
        "trigger": {},
        "actions": [{"type": "call-webhook", "block_document_id": uuid4(), "payload": "{{ a"}],
    }
    with pytest.raises(RequestInvalid, match=r"actions\[0\]\.payload"):
        await client.create_automation(AutomationCore.model_validate(said))


@pytest.mark.parametrize("path", ["/templates/validate", "/automations/templates/validate"])
async def test_templates_are_validated(api: httpx.AsyncClient, path: str) -> None:
    assert (await api.post(path, json="{{ event.id }}")).status_code == 204
    assert (await api.post(path)).status_code == 204
    refused = await api.post(path, json="{% if %}")
    assert refused.status_code == 422
    assert refused.json() == {
        "error": {
            "line": 1,
            "message": "Expected an expression, got 'end of statement block'",
            "source": "{% if %}",
        }
    }


async def test_what_stock_answers_with_the_same_status(api: httpx.AsyncClient) -> None:
    wanted = automation().model_dump(mode="json")
    made = await api.post("/automations/", json=wanted)
    assert made.status_code == 201
    path = f"/automations/{made.json()['id']}"
    no_owner = wanted | {"owner_resource": None}
    assert (await api.put(path, json=no_owner)).status_code == 204
    assert (await api.patch(path, json={})).status_code == 204
    assert (await api.delete("/automations/owned-by/nothing")).status_code == 202
    assert (await api.delete(path)).status_code == 204
    for answer in (
        await api.get(path),
        await api.put(path, json=no_owner),
        await api.patch(path, json={}),
        await api.delete(path),
    ):
        assert answer.status_code == 404
    assert (await api.post("/automations/", json=wanted | {"trigger": 1})).status_code == 422
    assert (await api.post("/automations/filter", json={"limit": 201})).status_code == 422
