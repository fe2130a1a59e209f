"""How far ahead the runs of a schedule exist."""

from datetime import UTC, datetime, timedelta
from itertools import count, takewhile
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windlass_services.orchestration.horizon import Horizon, look_ahead

NOW: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
_steps = st.lists(st.integers(1, 200_000), min_size=1, max_size=60)


def _horizon(fewest: int, more: int, shortest: int, longer: int) -> Horizon:
    until = timedelta(minutes=shortest)
    return Horizon(fewest, fewest + more, until, until + timedelta(minutes=longer))


_horizons = st.builds(
    _horizon,
    st.integers(1, 5),
    st.integers(0, 40),
    st.integers(1, 600),
    st.integers(0, 10_000),
)


def dates_of(steps: list[int]) -> list[datetime]:
    """Dates so many seconds apart."""
    at, found = NOW, list[datetime]()
    for step in steps:
        at += timedelta(seconds=step)
        found.append(at)
    return found


@given(steps=_steps, horizon=_horizons)
def test_the_promise_is_kept(steps: list[int], horizon: Horizon) -> None:
    dates = dates_of(steps)
    outlook = look_ahead(dates, NOW, horizon)
    made = outlook.moments
    assert list(made) == dates[: len(made)]
    assert len(made) <= horizon.most_runs
    within = [at for at in dates if at <= NOW + horizon.longest]
    assert set(made) <= set(within)
    assert len(made) >= min(horizon.fewest_runs, len(within), horizon.most_runs)
    near = list(takewhile(lambda at: at < NOW + horizon.shortest, dates))
    assert len(made) >= min(len(near), horizon.most_runs)


@pytest.mark.parametrize(
    ("step", "runs"),
    [
        (timedelta(seconds=1), 100),
        (timedelta(minutes=1), 61),
        (timedelta(hours=1), 3),
        (timedelta(days=7), 3),
        (timedelta(days=40), 2),
        (timedelta(days=365), 0),
    ],
)
def test_by_default_a_schedule_has_as_many_runs_as_with_stock_prefect(
    step: timedelta, runs: int
) -> None:
    dates = [NOW + number * step - timedelta(seconds=1) for number in range(1, 200)]
    assert len(look_ahead(dates, NOW, Horizon()).moments) == runs


@given(steps=_steps, horizon=_horizons)
def test_there_is_another_look_unless_every_date_has_its_run(
    steps: list[int], horizon: Horizon
) -> None:
    dates = dates_of(steps)
    outlook = look_ahead(dates, NOW, horizon)
    if outlook.next_look is None:
        assert len(outlook.moments) == len(dates)
    else:
        assert outlook.next_look > NOW
    if len(outlook.moments) < len(dates):
        assert outlook.next_look is not None


def test_an_endless_schedule_is_looked_at_before_its_runs_are_used_up() -> None:
    hours = (NOW + timedelta(hours=number) for number in count(1))
    outlook = look_ahead(hours, NOW, Horizon())
    assert len(outlook.moments) == 3
    assert outlook.next_look is not None
    assert outlook.next_look <= outlook.moments[0]


def test_a_schedule_that_is_over_is_never_looked_at_again() -> None:
    assert look_ahead([], NOW, Horizon()).next_look is None
