"""Blocks over HTTP, on both sets of backends."""

import json
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeAlias

import httpx
import pytest
import sqlalchemy as sa

from windlass.exceptions import ServerBusy
from windlass_services.api.system_blocks import install_missing_system_blocks
from windlass_services.orchestration.context import ServiceContext
from windlass_services.storage.database import Connection
from windlass_services.storage.encryption import find_or_create_cipher
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import block_document, configuration

INNER: dict[str, Any] = {
    "title": "Inner",
    "type": "object",
    "properties": {"user": {"type": "string"}, "pw": {"type": "string", "format": "password"}},
    "required": ["user"],
    "secret_fields": ["pw"],
    "block_type_slug": "inner",
    "block_schema_references": {},
}
Make: TypeAlias = Callable[..., Awaitable[Any]]


@pytest.fixture
def make(api: httpx.AsyncClient) -> Make:
    """Post to a collection of blocks, and return what was made."""

    async def post(path: str, **body: Any) -> Any:
        answer = await api.post(f"block_{path}/", json=body)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    return post


@pytest.fixture
async def inner(make: Make) -> dict[str, Any]:
    """The schema of a block with a secret."""
    of = await make("types", name="Inner", slug="inner")
    return await make("schemas", fields=INNER, block_type_id=of["id"], capabilities=["hold"])


@pytest.fixture
async def outer(make: Make, inner: dict[str, Any]) -> dict[str, Any]:
    """The schema of a block that holds one."""
    of = await make("types", name="Outer", slug="outer")
    reference = {"block_schema_checksum": inner["checksum"], "block_type_slug": "inner"}
    fields = {
        "title": "Outer",
        "type": "object",
        "properties": {"held": {"$ref": "#/definitions/Inner"}, "n": {"type": "integer"}},
        "secret_fields": ["held.pw"],
        "block_type_slug": "outer",
        "block_schema_references": {"held": reference},
        "definitions": {"Inner": INNER},
    }
    return await make("schemas", fields=fields, block_type_id=of["id"])


def of(schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The body of a document of a schema."""
    ids = {"block_schema_id": schema["id"], "block_type_id": schema["block_type_id"]}
    return {**ids, **more}


async def test_types_are_changed_and_slugs_are_taken_once(
    api: httpx.AsyncClient, make: Make
) -> None:
    made = await make("types", name="Some Block", slug="some-block", description="d")
    again = await api.post("block_types/", json={"name": "Other", "slug": "some-block"})
    assert again.status_code == 409
    for name, slug, status in (("Prefect X", "prefect-x", 403), ("a", "A B", 422)):
        refused = await api.post("block_types/", json={"name": name, "slug": slug})
        assert refused.status_code == status
    await api.patch(f"block_types/{made['id']}", json={"logo_url": "http://logo"})
    read = (await api.get("block_types/slug/some-block")).json()
    assert (read["logo_url"], read["description"]) == ("http://logo", "d")
    assert (await api.delete(f"block_types/{made['id']}")).status_code == 204
    assert (await api.get(f"block_types/{made['id']}")).status_code == 404


async def test_a_schema_is_made_once_for_each_version(
    api: httpx.AsyncClient, inner: dict[str, Any]
) -> None:
    body = {"fields": INNER, "block_type_id": inner["block_type_id"]}
    assert (await api.post("block_schemas/", json=body)).status_code == 200
    newer = await api.post("block_schemas/", json={**body, "version": "2"})
    assert newer.status_code == 201
    path = f"block_schemas/checksum/{inner['checksum']}"
    assert (await api.get(path)).json()["version"] == "2"
    old = await api.get(path, params={"version": "non-versioned"})
    assert old.json()["id"] == inner["id"]
    assert (await api.get("block_capabilities/")).json() == ["hold"]


async def test_a_schema_has_the_definitions_of_the_blocks_in_it(
    api: httpx.AsyncClient, outer: dict[str, Any]
) -> None:
    read = (await api.get(f"block_schemas/{outer['id']}")).json()
    assert read["fields"]["definitions"] == {"Inner": INNER}
    assert read["checksum"] == outer["checksum"]


async def test_secrets_are_shown_only_to_those_who_ask(
    api: httpx.AsyncClient, make: Make, inner: dict[str, Any]
) -> None:
    made = await make("documents", **of(inner, name="one", data={"user": "u", "pw": "hush"}))
    hidden = {"user": "u", "pw": "********"}
    assert made["data"] == hidden
    path = "block_types/slug/inner/block_documents"
    for listed in (await api.get(path), await api.post("block_documents/filter", json={})):
        assert [one["data"] for one in listed.json()] == [hidden]
    shown = await api.get(f"{path}/name/one", params={"include_secrets": True})
    assert shown.json()["data"] == {"user": "u", "pw": "hush"}
    taken = await api.post("block_documents/", json=of(inner, name="one", data={}))
    assert taken.status_code == 409


async def test_nothing_of_a_value_is_in_the_database_in_plain_text(
    services: ServiceContext, make: Make, inner: dict[str, Any]
) -> None:
    await make("documents", **of(inner, name="one", data={"user": "visible", "pw": "hush"}))
    async with services.database.read() as connection:
        (row,) = (await connection.execute(sa.select(block_document))).mappings()
        keys = (await connection.execute(sa.select(configuration.c.key))).scalars().all()
    text = json.dumps(dict(row), default=str)
    assert "hush" not in text
    assert "visible" not in text
    assert list(keys).count("ENCRYPTION_KEY") == 1


async def test_two_replicas_that_make_the_key_agree_on_it(services: ServiceContext) -> None:
    sealed: list[str] = []
    for _ in range(2):
        async with services.database.write() as connection:
            cipher = await find_or_create_cipher(connection, Scope(), now=services.clock())
            sealed.append(cipher.encrypt({"a": 1}))
    async with services.database.write() as connection:
        cipher = await find_or_create_cipher(connection, Scope(), now=services.clock())
    assert [cipher.decrypt(text) for text in sealed] == [{"a": 1}] * 2


async def test_a_document_shows_those_that_it_refers_to(
    api: httpx.AsyncClient, make: Make, inner: dict[str, Any], outer: dict[str, Any]
) -> None:
    one = await make("documents", **of(inner, name="one", data={"user": "u", "pw": "hush"}))
    reference = {"$ref": {"block_document_id": one["id"]}}
    two = await make("documents", **of(outer, name="two", data={"n": 1, "held": reference}))
    assert two["data"] == {"n": 1, "held": {"user": "u", "pw": "********"}}
    assert two["block_document_references"]["held"]["block_document"]["name"] == "one"
    await api.patch(f"block_documents/{one['id']}", json={"data": {"pw": "new"}})
    await api.patch(f"block_documents/{two['id']}", json={"data": {"n": 2}})
    path = f"block_documents/{two['id']}"
    read = (await api.get(path, params={"include_secrets": True})).json()
    assert read["data"] == {"n": 2, "held": {"user": "u", "pw": "new"}}
    itself = {"data": {"held": {"$ref": {"block_document_id": two["id"]}}}}
    assert (await api.patch(path, json=itself)).status_code == 422
    assert (await api.delete(f"block_documents/{one['id']}")).status_code == 204
    assert (await api.get(path)).json()["data"] == {"n": 2}


async def test_values_are_merged_unless_they_replace_all(
    api: httpx.AsyncClient, make: Make, inner: dict[str, Any], outer: dict[str, Any]
) -> None:
    one = await make("documents", **of(inner, name="one", data={"user": "u", "pw": "hush"}))
    path = f"block_documents/{one['id']}"

    async def values(**body: Any) -> Any:
        assert (await api.patch(path, json=body)).status_code == 204
        return (await api.get(path, params={"include_secrets": True})).json()["data"]

    as_read = {"user": "v", "pw": "********"}
    assert await values(data=as_read) == {"user": "v", "pw": "hush"}
    assert await values(data={"user": "w"}, merge_existing_data=False) == {"user": "w"}
    other = await api.patch(path, json={"block_schema_id": outer["id"]})
    assert other.status_code == 400


async def test_documents_are_found_by_every_filter(
    api: httpx.AsyncClient, make: Make, inner: dict[str, Any], outer: dict[str, Any]
) -> None:
    await make("documents", **of(inner, name="beta", data={}))
    await make("documents", **of(outer, name="alpha", data={}))
    unnamed = await make("documents", **of(inner, is_anonymous=True, data={}))
    assert (await api.post("block_documents/", json=of(inner, data={}))).status_code == 422

    async def names(**asked: Any) -> list[str]:
        counted = await api.post("block_documents/count", json=asked)
        found = (await api.post("block_documents/filter", json=asked)).json()
        assert counted.json() == len(found)
        return [one["name"] for one in found]

    assert await names() == ["alpha", "beta"]
    assert await names(sort="NAME_DESC") == ["beta", "alpha"]
    assert await names(sort="BLOCK_TYPE_AND_NAME_ASC") == ["beta", "alpha"]
    assert await names(block_types={"slug": {"any_": ["outer"]}}) == ["alpha"]
    assert await names(block_types={"name": {"like_": "NNE"}}) == ["beta"]
    assert await names(block_schemas={"block_capabilities": {"all_": ["hold"]}}) == ["beta"]
    assert await names(block_documents={"name": {"like_": "LPH"}}) == ["alpha"]
    anonymous = {"is_anonymous": {"eq_": True}}
    assert await names(block_documents=anonymous) == [unnamed["name"]]
    assert len(await names(block_documents={"is_anonymous": None})) == 3


async def test_the_servers_own_types_are_there_and_stay(
    services: ServiceContext, api: httpx.AsyncClient
) -> None:
    installed = await api.post("block_types/install_system_block_types")
    assert (installed.status_code, installed.json()) == (200, None)
    before = (await api.post("block_types/filter", json={})).json()
    await install_missing_system_blocks(services.database, Scope(), now=services.clock())
    assert (await api.post("block_types/filter", json={})).json() == before
    secret = next(one for one in before if one["slug"] == "secret")
    assert secret["is_protected"]
    assert (await api.delete(f"block_types/{secret['id']}")).status_code == 403
    (schema,) = (
        await api.post(
            "block_schemas/filter",
            json={"block_schemas": {"block_type_id": {"any_": [secret["id"]]}}},
        )
    ).json()
    assert (await api.delete(f"block_schemas/{schema['id']}")).status_code == 403


async def test_a_database_that_is_busy_at_first_is_waited_for(
    services: ServiceContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = iter([ServerBusy(retry_after=0), ServerBusy(retry_after=0)])
    read = services.database.read

    def busy_at_first() -> AbstractAsyncContextManager[Connection]:
        if (error := next(busy, None)) is not None:
            raise error
        return read()

    monkeypatch.setattr(services.database, "read", busy_at_first)
    await install_missing_system_blocks(services.database, Scope(), now=services.clock())
    assert next(busy, None) is None


async def test_a_row_that_cannot_be_decrypted_does_not_break_the_list(
    services: ServiceContext, api: httpx.AsyncClient, make: Make, inner: dict[str, Any]
) -> None:
    await make("documents", **of(inner, name="bad", data={"user": "u"}))
    await make("documents", **of(inner, name="good", data={"user": "v"}))
    async with services.database.write() as connection:
        await connection.execute(
            sa.update(block_document).where(block_document.c.name == "bad").values(data="nonsense")
        )
    listed = (await api.post("block_documents/filter", json={})).json()
    assert [one["data"] for one in listed] == [{}, {"user": "v"}]
