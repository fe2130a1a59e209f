"""How many runs were in which state, interval by interval; and how late runs are."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Final, Self

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.exceptions import RequestInvalid
from windlass.schemas.filters.queries import HistoryPeriod
from windlass.schemas.history import HistoryResponse, HistoryResponseState
from windlass.schemas.states import StateType
from windlass_services.storage.bounds import BOUNDED
from windlass_services.storage.filters.criteria import Clause
from windlass_services.storage.filters.query import Filters, flow_runs_matching, task_runs_matching
from windlass_services.storage.run_durations import (
    delay_seconds,
    moment,
    run_seconds,
    seconds_between,
)
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import flow_run, task_run

MOST_INTERVALS: Final = 500
"""As many as a chart can show; what comes after them is left out, as Prefect leaves it out."""


@dataclass(frozen=True, slots=True)
class Intervals:
    """Equal intervals, one after the other: `count` of them from `start` on."""

    start: datetime
    length: timedelta
    count: int

    @classmethod
    def of(cls, asked: HistoryPeriod) -> Self:
        """Those that cover a period, at least one; a period that is the wrong way round is turned.

        Raises `RequestInvalid` for intervals longer than any time that there is.
        """
        start, end = sorted((asked.history_start, asked.history_end))
        try:
            length = timedelta(seconds=asked.history_interval_seconds)
            made = cls(start, length, min(max(ceil((end - start) / length), 1), MOST_INTERVALS))
            assert made.end > start
        except OverflowError:
            raise RequestInvalid("The history goes beyond the last date that there is.") from None
        return made

    @property
    def end(self) -> datetime:
        """Where the last one ends."""
        return self.start + self.count * self.length

    def __iter__(self) -> Iterator[tuple[datetime, datetime]]:
        for number in range(self.count):
            start = self.start + number * self.length
            yield start, start + self.length


async def read_flow_run_history(
    connection: AsyncConnection,
    scope: Scope,
    filters: Filters,
    intervals: Intervals,
    *,
    now: datetime,
) -> list[HistoryResponse]:
    """The flow runs that match, by when they were expected to start."""
    return await _history(connection, flow_run, flow_runs_matching(scope, filters), intervals, now)


async def read_task_run_history(
    connection: AsyncConnection,
    scope: Scope,
    filters: Filters,
    intervals: Intervals,
    *,
    now: datetime,
) -> list[HistoryResponse]:
    """The task runs that match, by when they were expected to start."""
    return await _history(connection, task_run, task_runs_matching(scope, filters), intervals, now)


async def read_average_lateness(
    connection: AsyncConnection, scope: Scope, filters: Filters, *, now: datetime
) -> float | None:
    """How many seconds late the flow runs that match are on average; None if none matches."""
    averaged = await connection.execute(
        sa.select(sa.func.avg(delay_seconds(flow_run, now)))
        .where(flow_runs_matching(scope, filters))
        .execution_options(**BOUNDED)
    )
    return averaged.scalar_one()


async def _history(
    connection: AsyncConnection,
    table: sa.Table,
    matching: Clause,
    intervals: Intervals,
    now: datetime,
) -> list[HistoryResponse]:
    expected = table.c.expected_start_time
    number = sa.cast(
        sa.func.floor(
            seconds_between(moment(intervals.start), expected) / intervals.length.total_seconds()
        ),
        sa.Integer,
    ).label("number")
    rows = await connection.execute(
        sa.select(
            number,
            table.c.state_type,
            table.c.state_name,
            sa.func.count(),
            sa.func.sum(run_seconds(table, now)),
            sa.func.sum(delay_seconds(table, now)),
        )
        .where(
            matching,
            expected >= intervals.start,
            expected < intervals.end,
            table.c.state_type.is_not(None),
        )
        .group_by(number, table.c.state_type, table.c.state_name)
        .order_by(number, table.c.state_type, table.c.state_name)
        .execution_options(**BOUNDED)
    )
    found: defaultdict[int, list[HistoryResponseState]] = defaultdict(list)
    for interval, state_type, state_name, count, ran, late in rows:
        found[interval].append(
            HistoryResponseState(
                state_type=StateType(state_type),
                state_name=state_name,
                count_runs=count,
                sum_estimated_run_time=timedelta(seconds=ran),
                sum_estimated_lateness=timedelta(seconds=late),
            )
        )
    return [
        HistoryResponse(interval_start=start, interval_end=end, states=found[index])
        for index, (start, end) in enumerate(intervals)
    ]
