"""Variables, artifacts and saved searches over HTTP, on both sets of backends."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from windlass.client._async.client import WindlassClient
from windlass.exceptions import ObjectNotFound
from windlass.schemas.artifacts import ArtifactCreate, ArtifactUpdate
from windlass.schemas.filters.artifacts import ArtifactCollectionQuery
from windlass.schemas.saved_searches import SavedSearchCreate
from windlass.schemas.variables import VariableCreate, VariableUpdate


@pytest.mark.parametrize(
    ("variable", "field", "reason"),
    [
        ({"name": "Upper", "value": 1}, "name", "lowercase letters, numbers, and dashes"),
        ({"name": "with space", "value": 1}, "name", "lowercase letters, numbers, and dashes"),
        ({"name": "n" * 256, "value": 1}, "name", "at most 255"),
        ({"name": "x", "value": "v" * 4999}, "value", "at most 5000 characters"),
        ({"name": "x"}, "value", "required"),
        ({"name": "x", "value": 1, "tags": None}, "tags", "valid array"),
    ],
)
async def test_a_variable_that_cannot_be_is_refused_by_field(
    api: httpx.AsyncClient, variable: dict[str, Any], field: str, reason: str
) -> None:
    refused = await api.post("/variables/", json=variable)
    assert refused.status_code == 422
    assert refused.json()["exception_message"] == "Invalid request received."
    [problem] = refused.json()["exception_detail"]
    assert problem["loc"] == ["body", field]
    assert reason in problem["msg"]


async def test_a_variable_lives_by_its_name(api: httpx.AsyncClient) -> None:
    wanted: dict[str, Any] = {"name": "with-dash_9", "value": "v" * 4998}
    made = await api.post("/variables/", json=wanted)
    assert (made.status_code, made.json()["tags"]) == (201, [])
    taken = await api.post("/variables/", json=wanted)
    detail = "A variable with the name 'with-dash_9' already exists."
    assert (taken.status_code, taken.json()["detail"]) == (409, detail)
    path = "/variables/name/with-dash_9"
    assert (await api.patch(path, json={"value": None})).status_code == 204
    assert (await api.get(path)).json()["value"] is None
    assert (await api.patch(path, json={"name": None})).status_code == 422
    for body in (None, {}, {"variables": {"name": {"any_": ["with-dash_9"]}}, "sort": "NAME_DESC"}):
        assert len((await api.post("/variables/filter", json=body)).json()) == 1
        assert (await api.post("/variables/count", json=body)).json() == 1
    assert (await api.post("/variables/filter", json={"limit": 201})).status_code == 422
    assert (await api.delete(path)).status_code == 204
    for method in ("GET", "DELETE"):
        assert (await api.request(method, path)).status_code == 404


async def test_the_client_addresses_a_variable_either_way(client: WindlassClient) -> None:
    made = await client.create_variable(VariableCreate(name="one", value=1))
    await client.update_variable(made.id, VariableUpdate(value=2))
    await client.update_variable_by_name("one", VariableUpdate(tags=["t"]))
    read = await client.read_variable(made.id)
    assert (read.value, read.tags) == (2, ["t"])
    assert await client.read_variables() == [read]
    assert await client.read_variable_by_name("one?x") is None, "a name is no part of an address"
    await client.delete_variable(made.id)
    assert await client.read_variable_by_name("one") is None
    with pytest.raises(ObjectNotFound):
        await client.delete_variable_by_name("one")


async def test_an_artifact_that_cannot_be_is_refused_by_field(api: httpx.AsyncClient) -> None:
    for artifact, field in (({"key": "Bad_Key"}, ["key"]), ({"metadata_": {"a": 1}}, None)):
        refused = await api.post("/artifacts/", json=artifact)
        assert refused.status_code == 422
        [problem] = refused.json()["exception_detail"]
        assert problem["loc"] == ["body", *(field or ["metadata_", "a"])]


async def test_long_metadata_is_cut_off(api: httpx.AsyncClient) -> None:
    made = await api.post("/artifacts/", json={"metadata_": {"a": "x" * 501, "b": "x" * 500}})
    assert made.json()["metadata_"] == {"a": "x" * 500 + "...", "b": "x" * 500}


async def test_an_artifact_is_the_latest_of_its_key_until_it_is_deleted(
    client: WindlassClient, api: httpx.AsyncClient
) -> None:
    first = await client.create_artifact(ArtifactCreate(key="report", data=1, type="t"))
    second = await client.create_artifact(ArtifactCreate(key="report", data=2, type="t"))
    assert await client.read_latest_artifact("report") == second
    await client.update_artifact(second.id, ArtifactUpdate(data=3))
    [latest] = await client.read_latest_artifacts(ArtifactCollectionQuery())
    assert (latest.latest_id, latest.data) == (second.id, 3)
    assert (await client.count_artifacts(), await client.count_latest_artifacts()) == (2, 1)
    newest_first = await client.read_artifacts()
    assert [artifact.id for artifact in newest_first] == [second.id, first.id]
    await client.delete_artifact(second.id)
    assert (await client.read_latest_artifact("report")).id == first.id
    await client.delete_artifact(first.id)
    with pytest.raises(ObjectNotFound, match="report"):
        await client.read_latest_artifact("report")
    assert (await api.get(f"/artifacts/{first.id}")).status_code == 404
    assert (await api.patch(f"/artifacts/{first.id}", json={})).status_code == 404


async def test_artifacts_are_asked_for_without_a_body(api: httpx.AsyncClient) -> None:
    assert (await api.post("/artifacts/", json={"key": "a"})).status_code == 201
    for path in ("/artifacts", "/artifacts/latest"):
        assert len((await api.post(f"{path}/filter")).json()) == 1
        assert (await api.post(f"{path}/count")).json() == 1
        of_runs: dict[str, Any] = {"flow_runs": {}, "flows": {"name": {"any_": ["a"]}}}
        assert (await api.post(f"{path}/count", json=of_runs)).json() == 0


async def test_a_search_is_saved_by_its_name(
    client: WindlassClient, api: httpx.AsyncClient
) -> None:
    filters = [{"object": "f", "property": "p", "type": "t", "operation": "o", "value": [1]}]
    body: dict[str, Any] = {"name": "late", "filters": filters}
    made = await api.put("/saved_searches/", json=body)
    assert (made.status_code, made.json()["filters"]) == (201, filters)
    again = await api.put("/saved_searches/", json={"name": "late"})
    assert (again.status_code, again.json()["id"]) == (200, made.json()["id"])
    other = await client.create_saved_search(SavedSearchCreate(name="early"))
    assert [search.name for search in await client.read_saved_searches()] == ["early", "late"]
    assert await client.read_saved_search(other.id) == other
    await client.delete_saved_search(other.id)
    assert (await api.get(f"/saved_searches/{other.id}")).status_code == 404
    assert (await api.delete(f"/saved_searches/{uuid4()}")).status_code == 404
    empty: dict[str, Any] = {"name": "x", "filters": [{}]}
    assert (await api.put("/saved_searches/", json=empty)).status_code == 422
