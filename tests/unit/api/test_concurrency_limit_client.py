"""The methods of the client for concurrency limits."""

from uuid import uuid4

import pytest

from windlass.client._async.client import WindlassClient
from windlass.exceptions import LeaseLost, ObjectAlreadyExists, ObjectNotFound, SlotsTaken
from windlass.schemas.concurrency_limits import (
    ConcurrencyLeaseHolder,
    GlobalConcurrencyLimitCreate,
    GlobalConcurrencyLimitUpdate,
)


async def test_a_limit_from_its_making_to_its_end(client: WindlassClient) -> None:
    wanted = GlobalConcurrencyLimitCreate(name="limit", limit=1)
    id = await client.create_global_concurrency_limit(wanted)
    with pytest.raises(ObjectAlreadyExists):
        await client.create_global_concurrency_limit(wanted)
    await client.update_global_concurrency_limit("limit", GlobalConcurrencyLimitUpdate(limit=2))
    found = await client.read_global_concurrency_limit_by_name("limit")
    assert (found.id, found.limit) == (id, 2)
    assert await client.read_global_concurrency_limits() == [found]
    await client.delete_global_concurrency_limit_by_name("limit")
    with pytest.raises(ObjectNotFound):
        await client.read_global_concurrency_limit_by_name("limit")


async def test_a_limit_is_made_or_changed(client: WindlassClient) -> None:
    for limit in (1, 2):
        await client.upsert_global_concurrency_limit_by_name("limit", limit)
    assert (await client.read_global_concurrency_limit_by_name("limit")).limit == 2


async def test_slots_are_taken_and_given_back(client: WindlassClient) -> None:
    await client.upsert_global_concurrency_limit_by_name("limit", 1)
    [taken] = await client.increment_concurrency_slots(["limit", "none"], 1)
    with pytest.raises(SlotsTaken) as refused:
        await client.increment_concurrency_slots(["limit"], 1, mode="concurrency")
    assert refused.value.retry_after is not None
    assert refused.value.retry_after >= 2
    assert await client.release_concurrency_slots(["limit"], 1, occupancy_seconds=0.5) == [taken]
    assert (await client.read_global_concurrency_limit_by_name("limit")).active_slots == 0


async def test_a_lease_holds_slots_until_it_is_given_back(client: WindlassClient) -> None:
    await client.upsert_global_concurrency_limit_by_name("limit", 1)
    held = await client.increment_concurrency_slots_with_lease(
        ["limit"],
        1,
        lease_duration=60,
        holder=ConcurrencyLeaseHolder(type="flow_run", id=uuid4()),
    )
    await client.renew_concurrency_lease(held.lease_id, 90)
    await client.release_concurrency_slots_with_lease(held.lease_id)
    with pytest.raises(LeaseLost):
        await client.renew_concurrency_lease(held.lease_id)


async def test_limits_of_tags_and_who_holds_their_slots(client: WindlassClient) -> None:
    id = await client.create_concurrency_limit("db", 1)
    holder = uuid4()
    [taken] = await client.increment_v1_concurrency_slots(["db"], holder)
    assert (taken.id, taken.name) == (id, "db")
    limit = await client.read_concurrency_limit_by_tag("db")
    assert limit.active_slots == [holder]
    assert await client.read_concurrency_limits(limit=10) == [limit]
    with pytest.raises(SlotsTaken):
        await client.increment_v1_concurrency_slots(["db"], uuid4())
    await client.decrement_v1_concurrency_slots(["db"], holder)
    await client.reset_concurrency_limit_by_tag("db", [holder])
    assert (await client.read_concurrency_limit_by_tag("db")).active_slots == [holder]
    await client.reset_concurrency_limit_by_tag("db")
    assert (await client.read_concurrency_limit_by_tag("db")).active_slots == []
    await client.delete_concurrency_limit_by_tag("db")
    with pytest.raises(ObjectNotFound):
        await client.read_concurrency_limit_by_tag("db")
