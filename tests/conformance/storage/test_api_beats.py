"""A lease ends only over time in which it could have been renewed."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from tests.conformance.storage.world import SteppedClock
from windlass.ids import uuid7
from windlass_services.storage.api_beats import answering_since, beat_of_api
from windlass_services.storage.database import Database

LEASE: Final = timedelta(seconds=30)


async def beat_for(database: Database, clock: SteppedClock, seconds: int, *replicas: UUID) -> None:
    """The replicas beat every two seconds."""
    for _ in range(seconds // 2):
        clock.step(2)
        for replica in replicas:
            async with database.write() as connection:
                await beat_of_api(connection, replica, now=clock(), lease=LEASE)


async def could_renew(database: Database, clock: SteppedClock) -> bool:
    async with database.read() as connection:
        since = await answering_since(connection, now=clock(), lease=LEASE)
    return since is not None and since <= clock() - LEASE


async def test_where_nobody_ever_beats_leases_end(database: Database, clock: SteppedClock) -> None:
    """Replicas of an earlier release do not beat."""
    assert await could_renew(database, clock)


async def test_leases_end_once_a_replica_is_there_for_a_term(
    database: Database, clock: SteppedClock
) -> None:
    replica = uuid7()
    await beat_for(database, clock, 30, replica)
    assert not await could_renew(database, clock)
    await beat_for(database, clock, 2, replica)
    assert await could_renew(database, clock)


async def test_while_no_replica_is_there_no_lease_ends(
    database: Database, clock: SteppedClock
) -> None:
    await beat_for(database, clock, 60, uuid7())
    clock.step(7)
    assert not await could_renew(database, clock)


async def test_after_a_gap_leases_are_good_for_one_more_term(
    database: Database, clock: SteppedClock
) -> None:
    replica = uuid7()
    await beat_for(database, clock, 60, replica)
    clock.step(600)
    await beat_for(database, clock, 30, replica)
    assert not await could_renew(database, clock)
    await beat_for(database, clock, 2, replica)
    assert await could_renew(database, clock)


async def test_one_replica_of_several_is_enough(database: Database, clock: SteppedClock) -> None:
    """A rolling restart postpones nothing, as long as one of them stays."""
    staying, leaving = uuid7(), uuid7()
    await beat_for(database, clock, 60, staying, leaving)
    await beat_for(database, clock, 10, staying)
    await beat_for(database, clock, 4, staying, uuid7())
    assert await could_renew(database, clock)


async def test_what_was_away_for_a_day_is_forgotten(
    database: Database, clock: SteppedClock
) -> None:
    await beat_for(database, clock, 4, uuid7())
    clock.step(2 * 86_400)
    assert await could_renew(database, clock)
