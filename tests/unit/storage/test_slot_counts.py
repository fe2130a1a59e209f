"""How full a limit is, and how long to wait for a slot."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from windlass.ids import uuid7
from windlass_services.storage.slot_counts import LimitCounts

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LIMIT = LimitCounts(
    id=uuid7(),
    name="limit",
    limit=2,
    active=True,
    leased=0,
    unleased=0,
    denied=0,
    decay=0,
    average_occupancy=2,
    decayed_until=NOON,
)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_leases_and_unleased_slots_together_fill_a_limit() -> None:
    limit = replace(LIMIT, leased=1).taken(1)
    assert (limit.active_slots, limit.has_room_for(1)) == (2, False)
    assert limit.given_back(1).has_room_for(1)


def test_an_inactive_limit_always_has_room() -> None:
    assert replace(LIMIT, active=False, leased=2).has_room_for(5)


def test_decay_frees_unleased_slots_and_never_those_of_leases() -> None:
    limit = replace(LIMIT, leased=1, unleased=1, decay=0.5)
    assert limit.settled(after(1)).occupied == 1.5
    assert limit.settled(after(1)).active_slots == 2
    assert limit.settled(after(10)).occupied == 1


def test_settling_in_steps_is_settling_at_once() -> None:
    limit = replace(LIMIT, unleased=2, denied=1, decay=0.3)
    stepwise = limit.settled(after(1)).settled(after(2)).settled(after(3))
    assert stepwise.unleased == pytest.approx(limit.settled(after(3)).unleased)


def test_a_clock_that_is_behind_takes_nothing_back() -> None:
    limit = replace(LIMIT, unleased=2, decay=1)
    assert limit.settled(after(-5)) == limit


def test_who_is_refused_waits_behind_those_who_were_refused_before() -> None:
    first = LIMIT.refused(1)
    assert first.wait_seconds(1) == 1
    assert first.refused(1).wait_seconds(1) == 2


def test_the_wait_follows_how_long_slots_are_held() -> None:
    slow = LIMIT
    for _ in range(50):
        slow = slow.occupied_for(60)
    assert slow.average_occupancy == pytest.approx(60, abs=1)
    assert slow.refused(1).wait_seconds(1) == pytest.approx(30, abs=1)


def test_a_rate_limit_knows_when_a_slot_is_free() -> None:
    limit = replace(LIMIT, unleased=2, decay=0.5).refused(1)
    wait = limit.wait_seconds(1)
    assert wait == 2
    assert limit.settled(after(wait)).has_room_for(1)


def test_what_was_refused_fades_as_slots_become_free() -> None:
    limit = LIMIT.refused(4)
    assert limit.settled(after(1)).denied == 3
    assert limit.settled(after(60)).denied == 0
