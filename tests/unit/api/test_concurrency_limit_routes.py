"""The routes of concurrency limits, as stock clients call them."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

LIMITS = "/v2/concurrency_limits"
TAGS = "/concurrency_limits"


async def create(api: httpx.AsyncClient, name: str = "limit", **fields: Any) -> dict[str, Any]:
    made = await api.post(f"{LIMITS}/", json={"name": name, "limit": 1, **fields})
    assert made.status_code == 201
    return made.json()


async def read(api: httpx.AsyncClient, name: object = "limit") -> dict[str, Any]:
    return (await api.get(f"{LIMITS}/{name}")).json()


async def lease(api: httpx.AsyncClient, *names: str, **fields: Any) -> httpx.Response:
    asked = {"names": names, "slots": 1, "lease_duration": 60, **fields}
    return await api.post(f"{LIMITS}/increment-with-lease", json=asked)


async def test_a_limit_is_found_by_its_id_and_by_its_name(api: httpx.AsyncClient) -> None:
    made = await create(api, slot_decay_per_second=0.5)
    expected = {"denied_slots": 0, "avg_slot_occupancy_seconds": 2.0, "active": True}
    assert made.items() >= expected.items()
    by_name = await read(api)
    assert await read(api, made["id"]) == by_name
    assert (by_name["limit"], by_name["slot_decay_per_second"]) == (1, 0.5)
    assert (await api.get(f"{LIMITS}/{uuid4()}")).status_code == 404
    assert (await api.get(f"{LIMITS}/none")).status_code == 404


async def test_a_name_is_taken_once(api: httpx.AsyncClient) -> None:
    await create(api)
    await create(api, "other")
    again = await api.post(f"{LIMITS}/", json={"name": "limit", "limit": 1})
    assert again.status_code == 409
    renamed = await api.patch(f"{LIMITS}/other", json={"name": "limit"})
    assert renamed.status_code == 409
    assert (await api.patch(f"{LIMITS}/other", json={"name": "new"})).status_code == 204
    assert (await read(api, "new"))["name"] == "new"


@pytest.mark.parametrize("wrong", [{"name": "a/b"}, {"limit": -1}, {"slot_decay_per_second": -1}])
async def test_a_limit_that_makes_no_sense_is_refused(
    api: httpx.AsyncClient, wrong: dict[str, Any]
) -> None:
    made = await api.post(f"{LIMITS}/", json={"name": "limit", "limit": 1, **wrong})
    assert made.status_code == 422


async def test_limits_are_listed_changed_and_deleted(api: httpx.AsyncClient) -> None:
    await create(api, "b")
    await create(api, "a")
    assert (await api.patch(f"{LIMITS}/a", json={"limit": 7, "active": False})).status_code == 204
    listed = (await api.post(f"{LIMITS}/filter", json={})).json()
    assert [(limit["name"], limit["limit"]) for limit in listed] == [("a", 7), ("b", 1)]
    window = (await api.post(f"{LIMITS}/filter", json={"offset": 1, "limit": 1})).json()
    assert [limit["name"] for limit in window] == ["b"]
    assert (await api.delete(f"{LIMITS}/a")).status_code == 204
    assert (await api.delete(f"{LIMITS}/a")).status_code == 404


async def test_a_full_limit_says_when_to_come_back(api: httpx.AsyncClient) -> None:
    await create(api)
    asked = {"names": ["limit"], "slots": 1}
    taken = await api.post(f"{LIMITS}/increment", json=asked)
    assert [limit["name"] for limit in taken.json()] == ["limit"]
    refused = await api.post(f"{LIMITS}/increment", json=asked)
    assert refused.status_code == 423
    assert 2 <= float(refused.headers["Retry-After"]) <= 2.4
    assert (await api.post(f"{LIMITS}/decrement", json=asked)).json() == taken.json()
    assert (await api.post(f"{LIMITS}/increment", json=asked)).status_code == 200


async def test_nobody_is_told_to_wait_longer_than_the_server_says(api: httpx.AsyncClient) -> None:
    await create(api, limit=100, active_slots=100, denied_slots=100_000)
    refused = await lease(api, "limit")
    assert float(refused.headers["Retry-After"]) == 30


async def test_what_no_waiting_makes_possible_is_an_error(api: httpx.AsyncClient) -> None:
    await create(api)
    assert (await lease(api, "limit", slots=2)).status_code == 422
    assert (await lease(api, "limit", mode="rate_limit")).status_code == 422
    assert (await lease(api, "limit", lease_duration=59)).status_code == 422


async def test_a_lease_is_renewed_and_given_back(api: httpx.AsyncClient) -> None:
    await create(api)
    leased = (await lease(api, "limit", "none")).json()
    assert [limit["name"] for limit in leased["limits"]] == ["limit"]
    renewal = f"{LIMITS}/leases/{leased['lease_id']}/renew"
    assert (await api.post(renewal, json={"lease_duration": 60})).status_code == 204
    assert (await api.post(renewal)).status_code == 204
    assert (await read(api))["active_slots"] == 1
    for _ in range(2):
        given = {"lease_id": leased["lease_id"]}
        back = await api.post(f"{LIMITS}/decrement-with-lease", json=given)
        assert back.status_code == 204
    assert (await read(api))["active_slots"] == 0
    assert (await api.post(renewal)).status_code == 410


async def test_the_limit_of_a_tag_is_a_limit_by_name(api: httpx.AsyncClient) -> None:
    asked = {"tag": "db", "concurrency_limit": 1}
    made, changed = [
        await api.post(f"{TAGS}/", json=asked | {"concurrency_limit": n}) for n in (1, 2)
    ]
    assert (made.status_code, changed.status_code) == (201, 200)
    limit = changed.json()
    assert (limit["id"], limit["concurrency_limit"], limit["active_slots"]) == (
        made.json()["id"],
        2,
        [],
    )
    assert (await read(api, "tag:db"))["id"] == limit["id"]
    assert (await api.get(f"{TAGS}/tag/db")).json() == limit
    assert (await api.get(f"{TAGS}/{limit['id']}")).json() == limit
    assert (await api.post(f"{TAGS}/filter")).json() == [limit]
    assert (await api.delete(f"{TAGS}/{limit['id']}")).status_code == 200
    assert (await api.delete(f"{TAGS}/tag/db")).status_code == 404
    assert (await api.get(f"{TAGS}/{limit['id']}")).status_code == 404


async def test_the_holders_of_a_tag_are_task_runs(api: httpx.AsyncClient) -> None:
    await api.post(f"{TAGS}/", json={"tag": "db", "concurrency_limit": 2})
    by_lease, by_hand = str(uuid4()), str(uuid4())
    await lease(api, "tag:db", holder={"type": "task_run", "id": by_lease})
    taken = await api.post(f"{TAGS}/increment", json={"names": ["db"], "task_run_id": by_hand})
    assert [limit["name"] for limit in taken.json()] == ["db"]
    assert (await api.get(f"{TAGS}/tag/db")).json()["active_slots"] == [by_lease, by_hand]

    other = {"names": ["db"], "task_run_id": str(uuid4())}
    refused = await api.post(f"{TAGS}/increment", json=other)
    assert (refused.status_code, refused.headers["Retry-After"]) == (423, "30.000")
    given = await api.post(f"{TAGS}/decrement", json={"names": ["db"], "task_run_id": by_hand})
    assert [limit["name"] for limit in given.json()] == ["tag:db"]
    assert (await api.get(f"{TAGS}/tag/db")).json()["active_slots"] == [by_lease]


async def test_a_tag_that_is_closed_is_nothing_to_wait_for(api: httpx.AsyncClient) -> None:
    await api.post(f"{TAGS}/", json={"tag": "db", "concurrency_limit": 0})
    asked = {"names": ["db"], "task_run_id": str(uuid4())}
    refused = await api.post(f"{TAGS}/increment", json=asked)
    assert refused.status_code == 423
    assert "Retry-After" not in refused.headers


async def test_the_slots_of_a_tag_can_be_reset(api: httpx.AsyncClient) -> None:
    await api.post(f"{TAGS}/", json={"tag": "db", "concurrency_limit": 2})
    holders = sorted(str(uuid4()) for _ in range(2))
    for body in ({"slot_override": holders}, {}):
        assert (await api.post(f"{TAGS}/tag/db/reset", json=body)).status_code == 200
        active = (await api.get(f"{TAGS}/tag/db")).json()["active_slots"]
        assert sorted(active) == body.get("slot_override", [])
    assert (await api.post(f"{TAGS}/tag/none/reset", json={})).status_code == 404
