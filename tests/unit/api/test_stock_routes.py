"""What a stock client asks before and beside its work."""

from uuid import uuid4

import httpx
import pytest


async def test_the_served_version_is_the_one_that_the_stock_client_has(
    api: httpx.AsyncClient,
) -> None:
    assert (await api.get("/admin/version")).json() == "3.6.7"


async def test_the_settings_are_shown_by_their_groups(api: httpx.AsyncClient) -> None:
    shown = (await api.get("/admin/settings")).json()
    assert shown["server"]["api"]["port"] == 4200


async def test_a_client_is_told_to_do_without_a_csrf_token(api: httpx.AsyncClient) -> None:
    refused = await api.get("/csrf-token", params={"client": "me"})
    assert refused.status_code == 422
    assert refused.json()["detail"] == "CSRF protection is disabled."


async def test_a_body_is_json_even_where_the_client_does_not_say_so(
    api: httpx.AsyncClient,
) -> None:
    made = await api.post("/flows/", content=b'{"name": "plain"}')
    assert made.status_code == 201


async def test_a_deployment_has_no_automations(api: httpx.AsyncClient) -> None:
    resource = f"prefect.deployment.{uuid4()}"
    assert (await api.get(f"/automations/related-to/{resource}")).json() == []
    assert (await api.delete(f"/automations/owned-by/{resource}")).status_code == 202


async def test_nobody_waits_for_a_slot_where_nothing_is_limited(api: httpx.AsyncClient) -> None:
    limits = "/v2/concurrency_limits"
    asked = {"names": ["tag:heavy"], "slots": 1, "holder": {"type": "task_run", "id": str(uuid4())}}
    leased = (await api.post(f"{limits}/increment-with-lease", json=asked)).json()
    assert leased["limits"] == []
    lease_id = leased["lease_id"]
    assert (await api.post(f"{limits}/leases/{lease_id}/renew", json={})).status_code == 204
    released = await api.post(f"{limits}/decrement-with-lease", json={"lease_id": lease_id})
    assert released.status_code == 204
    assert (await api.post(f"{limits}/increment", json={"names": ["x"], "slots": 1})).json() == []


@pytest.mark.parametrize("body", [{"names": ["x"], "slots": 0}, {"slots": 1}])
async def test_a_request_for_slots_that_makes_no_sense_is_refused(
    api: httpx.AsyncClient, body: dict[str, object]
) -> None:
    assert (await api.post("/v2/concurrency_limits/increment", json=body)).status_code == 422
