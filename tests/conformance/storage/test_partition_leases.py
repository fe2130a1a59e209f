"""Which replica consumes which partition: shared out, handed over, never owned by two."""

from datetime import timedelta
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conformance.storage.world import NOON, SteppedClock
from windlass.ids import uuid7
from windlass_services.storage.database import Database
from windlass_services.storage.partition_leases import Member, beat, hold_partitions, leave

PARTITIONS: Final = 16
TERM: Final = timedelta(seconds=10)


def member(topic: str = "events") -> Member:
    return Member(uuid7(), "triggers", topic, "recorder")


async def hold(database: Database, one: Member, clock: SteppedClock) -> frozenset[int]:
    """One turn of a replica: it says that it lives and takes its share."""
    async with database.write() as connection:
        await beat(connection, one, started_at=NOON, now=clock())
        return await hold_partitions(connection, one, partitions=PARTITIONS, now=clock(), term=TERM)


@pytest.mark.parametrize(("count", "sizes"), [(1, [16]), (2, [8, 8]), (3, [4, 6, 6])])
async def test_members_have_a_fair_share(
    database: Database, clock: SteppedClock, count: int, sizes: list[int]
) -> None:
    members = [member() for _ in range(count)]
    shares: list[frozenset[int]] = []
    for _ in range(3):
        clock.step(3)
        shares = [await hold(database, one, clock) for one in members]
    assert sorted(len(share) for share in shares) == sizes
    assert frozenset[int]().union(*shares) == frozenset(range(PARTITIONS))


async def test_what_a_dead_member_held_is_taken_over_when_its_lease_is_over(
    database: Database, clock: SteppedClock
) -> None:
    dead, alive = member(), member()
    await hold(database, dead, clock)
    clock.step(9)
    assert await hold(database, alive, clock) == frozenset()
    clock.step(1)
    assert await hold(database, alive, clock) == frozenset(range(PARTITIONS))


async def test_what_is_given_up_is_free_at_once(database: Database, clock: SteppedClock) -> None:
    first, second = member(), member()
    await hold(database, first, clock)
    async with database.write() as connection:
        await leave(connection, first)
    assert await hold(database, second, clock) == frozenset(range(PARTITIONS))


async def test_topics_are_owned_apart(database: Database, clock: SteppedClock) -> None:
    one = member()
    await hold(database, one, clock)
    other = Member(one.instance_id, one.service, "others", one.group)
    assert len(await hold(database, other, clock)) == PARTITIONS


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(turns=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 6)), max_size=20))
async def test_no_partition_has_two_owners_at_one_moment(
    database: Database, clock: SteppedClock, turns: list[tuple[int, int]]
) -> None:
    clock.step(60)
    members = [member(topic=str(uuid7()))]
    members += [Member(uuid7(), "triggers", members[0].topic, "recorder") for _ in range(2)]
    until = {one: clock() for one in members}
    owned: dict[Member, frozenset[int]] = {one: frozenset() for one in members}
    for index, seconds in turns:
        clock.step(seconds)
        one = members[index]
        owned[one] = await hold(database, one, clock)
        until[one] = clock() + TERM
        alive = [share for one, share in owned.items() if until[one] > clock()]
        assert sum(map(len, alive)) == len(frozenset[int]().union(*alive))
