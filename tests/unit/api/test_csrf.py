"""Tokens against cross-site requests, on both sets of backends."""

import httpx
import pytest

from windlass.client.orchestration import client_for
from windlass.exceptions import CsrfTokenNeeded
from windlass.schemas.variables import VariableCreate
from windlass.settings import resolve
from windlass_services.orchestration.context import ServiceContext

ADDRESS = "http://windlass/api"


@pytest.fixture
def backends(backends: dict[str, str]) -> dict[str, str]:
    """The server asks for tokens."""
    return backends | {"WINDLASS_SERVER_CSRF_PROTECTION_ENABLED": "true"}


async def token_for(api: httpx.AsyncClient, client: str) -> dict[str, str]:
    answer = (await api.get("/csrf-token", params={"client": client})).json()
    assert answer["client"] == client
    return {"Prefect-Csrf-Token": answer["token"], "Prefect-Csrf-Client": client}


async def test_what_changes_something_is_refused_without_a_token(api: httpx.AsyncClient) -> None:
    valid = await token_for(api, "me")
    token, client = valid.items()
    for headers, why in (
        ({}, "Missing CSRF token"),
        (dict([client]), "Missing CSRF token"),
        (dict([token]), "Missing client identifier"),
        ({**valid, "Prefect-Csrf-Token": "wrong"}, "Invalid CSRF token or client identifier"),
        ({**valid, "Prefect-Csrf-Client": "you"}, "Invalid CSRF token or client identifier"),
    ):
        refused = await api.post("/flows/", json={"name": "a"}, headers=headers)
        assert refused.status_code == 403
        said = refused.json()["detail"]
        assert said.startswith(why)
        assert "GET /api/csrf-token?client=" in said
    assert (await api.get("/health")).is_success
    for method in ("PUT", "PATCH", "DELETE"):
        assert (await api.request(method, "/variables/name/x")).status_code == 403
    assert (await api.post("/flows/", json={"name": "a"}, headers=valid)).status_code == 201


async def test_a_new_token_takes_the_place_of_the_old_one(api: httpx.AsyncClient) -> None:
    old, new = await token_for(api, "me"), await token_for(api, "me")
    assert (await api.post("/flows/filter", headers=old)).status_code == 403
    assert (await api.post("/flows/filter", headers=new)).status_code == 200


async def test_our_client_gets_its_token_by_itself(
    services: ServiceContext, wire: httpx.ASGITransport, api: httpx.AsyncClient
) -> None:
    async with client_for(ADDRESS, services.settings, wire=wire) as client:
        await client.create_variable(VariableCreate(name="one", value=1))
        assert await client.count_variables() == 1
        mine = client._transport._csrf.client  # pyright: ignore[reportPrivateUsage]
        await token_for(api, mine)
        assert await client.count_variables() == 1, "its token was taken from it"


async def test_our_client_can_be_told_to_do_without(wire: httpx.ASGITransport) -> None:
    without = resolve({"WINDLASS_CLIENT_CSRF_SUPPORT_ENABLED": "false"}, None)
    async with client_for(ADDRESS, without, wire=wire) as client:
        with pytest.raises(CsrfTokenNeeded, match="Missing CSRF token"):
            await client.count_variables()
