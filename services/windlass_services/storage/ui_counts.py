"""Small answers for the web page: how many of this each of those has."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.schemas.filters.sorting import FlowRunSort
from windlass.schemas.states import StateType
from windlass.schemas.task_runs import TaskRunCount
from windlass.schemas.ui import CountByState, SimpleFlowRun, SimpleNextFlowRun
from windlass_services.storage.bounds import BOUNDED
from windlass_services.storage.filters.deleted_runs import not_of_deleted
from windlass_services.storage.filters.query import Filters, flow_runs_matching, task_runs_matching
from windlass_services.storage.flow_runs import FLOW_RUN_ORDERS
from windlass_services.storage.paging import Window, in_window
from windlass_services.storage.run_counts import count_by_type
from windlass_services.storage.run_durations import (
    delay_seconds,
    moment,
    run_seconds,
    seconds_between,
)
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import deployment, flow_run, task_run


@dataclass(frozen=True, slots=True)
class Span:
    """A time that is cut into `parts` of the same length."""

    start: datetime
    end: datetime
    parts: int


async def count_task_runs_of_flow_runs(
    connection: AsyncConnection, scope: Scope, flow_run_ids: Sequence[UUID]
) -> dict[UUID, int]:
    """How many task runs each of these flow runs has; those that stand for a child count less."""
    stands_in = sa.select(flow_run.c.id).where(
        flow_run.c.workspace_id == scope.workspace_id,
        flow_run.c.parent_task_run_id == task_run.c.id,
    )
    counted = await connection.execute(
        sa.select(task_run.c.flow_run_id, sa.func.count())
        .where(
            task_run.c.workspace_id == scope.workspace_id,
            task_run.c.flow_run_id.in_(flow_run_ids),
            not_of_deleted(task_run.c.flow_run_id),
            ~stands_in.exists(),
        )
        .group_by(task_run.c.flow_run_id)
    )
    return dict.fromkeys(flow_run_ids, 0) | {row[0]: row[1] for row in counted}


async def count_deployments_of_flows(
    connection: AsyncConnection, scope: Scope, flow_ids: Sequence[UUID]
) -> dict[UUID, int]:
    """How many deployments each of these flows has."""
    counted = await connection.execute(
        sa.select(deployment.c.flow_id, sa.func.count())
        .where(deployment.c.workspace_id == scope.workspace_id, deployment.c.flow_id.in_(flow_ids))
        .group_by(deployment.c.flow_id)
    )
    return dict.fromkeys(flow_ids, 0) | {row[0]: row[1] for row in counted}


async def read_next_runs_of_flows(
    connection: AsyncConnection, scope: Scope, flow_ids: Sequence[UUID]
) -> dict[UUID, SimpleNextFlowRun | None]:
    """The scheduled run of each of these flows that is due first."""
    columns = flow_run.c
    place = (
        sa.func.row_number()
        .over(
            partition_by=columns.flow_id, order_by=(columns.next_scheduled_start_time, columns.id)
        )
        .label("place")
    )
    scheduled = (
        sa.select(*(columns[name] for name in SimpleNextFlowRun.model_fields), place)
        .where(
            columns.workspace_id == scope.workspace_id,
            columns.flow_id.in_(flow_ids),
            columns.state_type == sa.literal_column(f"'{StateType.SCHEDULED}'"),
            columns.next_scheduled_start_time.is_not(None),
        )
        .subquery()
    )
    rows = await connection.execute(sa.select(scheduled).where(scheduled.c.place == 1))
    found = {row["flow_id"]: SimpleNextFlowRun.model_validate(dict(row)) for row in rows.mappings()}
    return {id: found.get(id) for id in flow_ids}


async def read_simple_flow_runs(
    connection: AsyncConnection,
    scope: Scope,
    filters: Filters,
    sort: FlowRunSort,
    window: Window,
    *,
    now: datetime,
) -> list[SimpleFlowRun]:
    """One window of the flow runs that match, as points of a chart."""
    begins = sa.func.coalesce(flow_run.c.start_time, flow_run.c.expected_start_time)
    rows = await connection.execute(
        in_window(
            sa.select(
                flow_run.c.id,
                flow_run.c.state_type,
                begins.label("timestamp"),
                run_seconds(flow_run, now).label("duration"),
                delay_seconds(flow_run, now).label("lateness"),
            )
            .where(
                flow_runs_matching(scope, filters),
                flow_run.c.state_type.is_not(None),
                flow_run.c.expected_start_time.is_not(None),
            )
            .order_by(*FLOW_RUN_ORDERS[sort]),
            window,
        )
    )
    return [SimpleFlowRun.model_validate(dict(row)) for row in rows.mappings()]


async def count_task_runs_by_state(
    connection: AsyncConnection, scope: Scope, filters: Filters
) -> CountByState:
    """How many of the task runs that match are in a state of each type."""
    by_type = await count_by_type(connection, scope, task_run, filters)
    if by_type is not None:
        by_type.pop(None, None)
        return CountByState.model_validate(by_type)
    counted = await connection.execute(
        sa.select(task_run.c.state_type, sa.func.count())
        .where(task_runs_matching(scope, filters), task_run.c.state_type.is_not(None))
        .group_by(task_run.c.state_type)
        .execution_options(**BOUNDED)
    )
    return CountByState.model_validate({row[0]: row[1] for row in counted})


async def count_ends_of_task_runs(
    connection: AsyncConnection, scope: Scope, filters: Filters, span: Span
) -> list[TaskRunCount]:
    """How many of the task runs that match completed and failed, by when they started."""
    part: timedelta = (span.end - span.start) / span.parts
    started = task_run.c.start_time
    number = sa.cast(
        sa.func.floor(seconds_between(moment(span.start), started) / part.total_seconds()),
        sa.Integer,
    ).label("number")
    counted = await connection.execute(
        sa.select(number, task_run.c.state_type, sa.func.count())
        .where(
            task_runs_matching(scope, filters),
            started >= span.start,
            started < span.end,
            task_run.c.state_type.in_(_WELL | _BADLY),
        )
        .group_by(number, task_run.c.state_type)
        .execution_options(**BOUNDED)
    )
    counts = [TaskRunCount(completed=0, failed=0) for _ in range(span.parts)]
    for index, state_type, count in counted:
        _add(counts[min(index, span.parts - 1)], state_type, count)
    return counts


_WELL: Final = frozenset({StateType.COMPLETED})
_BADLY: Final = frozenset({StateType.FAILED, StateType.CRASHED})


def _add(to: TaskRunCount, state_type: str, count: int) -> None:
    if state_type in _WELL:
        to.completed += count
    else:
        to.failed += count
