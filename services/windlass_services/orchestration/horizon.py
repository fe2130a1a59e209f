"""How far ahead the runs of a schedule exist: pure decisions of the scheduler."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice


@dataclass(frozen=True, slots=True)
class Horizon:
    """What the scheduler promises. In order: never more than `most_runs`, nothing further than
    `longest` ahead, at least `fewest_runs`, and everything within `shortest` from now."""

    fewest_runs: int = 3
    most_runs: int = 100
    shortest: timedelta = timedelta(hours=1)
    longest: timedelta = timedelta(days=100)


@dataclass(frozen=True, slots=True)
class Outlook:
    """The moments at which runs are due, and when to look again. `next_look` None: never."""

    moments: tuple[datetime, ...]
    next_look: datetime | None


def look_ahead(dates: Iterable[datetime], now: datetime, horizon: Horizon) -> Outlook:
    """The fewest moments that keep the promise; `dates` are increasing, none before now."""
    moments: list[datetime] = []
    is_over = True
    for moment in islice(dates, horizon.most_runs):
        if moment > now + horizon.longest:
            is_over = False
            break
        moments.append(moment)
        if len(moments) >= horizon.fewest_runs and moment >= now + horizon.shortest:
            is_over = False
            break
    else:
        is_over = len(moments) < horizon.most_runs
    return Outlook(tuple(moments), None if is_over else _next_look(moments, now, horizon))


def _next_look(moments: list[datetime], now: datetime, horizon: Horizon) -> datetime:
    if not moments:
        return now + horizon.longest / 2
    too_few_from = moments[max(len(moments) - max(horizon.fewest_runs, 1), 0)]
    too_short_from = moments[-1] - horizon.shortest
    half_used = now + (moments[-1] - now) / 2
    return max(min(too_few_from, max(too_short_from, half_used)), now + timedelta(seconds=1))
