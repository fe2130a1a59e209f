"""Processes whose machines disagree about the time agree with the database."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windlass.clock import utc_now
from windlass_services.orchestration.policy import make_govern
from windlass_services.orchestration.transition import Terms
from windlass_services.storage.database_clock import DatabaseClock, clock_over
from windlass_services.storage.open import open_database

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SKEWS = st.floats(-86_400, 86_400)
ROUND_TRIPS = st.lists(st.floats(0, 30), min_size=1, max_size=5)


class Machine:
    """A machine whose clock is off, in a world whose time is `passed`."""

    def __init__(self, skew: float) -> None:
        self.passed = 0.0
        self.clock = DatabaseClock(lambda: NOON + timedelta(seconds=skew), lambda: self.passed)

    def ask(self, round_trip: float, share: float) -> None:
        """The database is right, and answers after this share of the way there and back."""
        asked = self.passed
        said = NOON + timedelta(seconds=asked + share * round_trip)
        self.passed += round_trip
        self.clock.correct(asked, said, self.passed)

    def off(self) -> float:
        """How far its clock is off now, in seconds."""
        return abs((self.clock() - NOON).total_seconds() - self.passed)


@given(SKEWS, ROUND_TRIPS, st.floats(0, 1))
def test_it_is_never_off_by_more_than_the_fastest_answer_took(
    skew: float, round_trips: list[float], share: float
) -> None:
    machine = Machine(skew)
    for round_trip in round_trips:
        machine.ask(round_trip, share)
    assert machine.off() <= min(round_trips) + 1e-3


@given(ROUND_TRIPS, st.floats(0, 1))
def test_a_clock_that_is_right_stays_as_it_is(round_trips: list[float], share: float) -> None:
    """Else it would tremble with every answer, and go backwards."""
    machine = Machine(0)
    for round_trip in round_trips:
        machine.ask(round_trip, share)
    assert machine.off() < 1e-3


@pytest.mark.parametrize("skew", [-3600, 3600])
async def test_a_machine_that_is_an_hour_off_shows_the_time_of_the_database(
    postgres_url: str, skew: float
) -> None:
    clock = DatabaseClock(lambda: utc_now() + timedelta(seconds=skew))
    govern = make_govern(Terms())
    database = await open_database(postgres_url, govern=govern, clock=clock)
    try:
        off = await clock.compare(database)
        assert off == pytest.approx(timedelta(seconds=-skew), abs=timedelta(minutes=1))
        assert abs(clock() - utc_now()) < timedelta(minutes=1)
        assert abs(await clock.compare(database)) < timedelta(minutes=1)
    finally:
        await database.close()


def test_the_one_process_over_a_file_goes_by_its_own_clock() -> None:
    assert clock_over("sqlite+aiosqlite:////somewhere/windlass.db") is utc_now
    assert isinstance(clock_over("postgresql+asyncpg://somewhere/windlass"), DatabaseClock)
