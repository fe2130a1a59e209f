"""The work pool of a command, and what waits in it."""

from datetime import timedelta

from windlass.cli.asking import ask_for
from windlass.cli.console import print_rows
from windlass.cli.display import flow_names, state_cell
from windlass.cli.moments import tell_moment
from windlass.cli.paging import every
from windlass.client.orchestration import SyncWindlassClient
from windlass.clock import utc_now
from windlass.schemas.filters.flow_runs import (
    FlowRunFilter,
    FlowRunFilterNextScheduledStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from windlass.schemas.filters.queries import FlowRunQuery
from windlass.schemas.filters.sorting import FlowRunSort
from windlass.schemas.filters.work_pools import WorkPoolFilter, WorkPoolFilterName
from windlass.schemas.filters.work_queues import WorkQueueFilter, WorkQueueFilterId
from windlass.schemas.flow_runs import FlowRun
from windlass.schemas.states import StateType
from windlass.schemas.work_queues import WorkQueue
from windlass.settings import get_current_settings


def chosen_pool(given: str | None, option: str = "--pool") -> str:
    """The pool that was given, else that of WINDLASS_DEFAULT_WORK_POOL_NAME, else ask."""
    known = given or get_current_settings().deployments.default_work_pool_name
    return known or ask_for("the work pool", option)


def print_upcoming(
    client: SyncWindlassClient, title: str, hours: float, pool: str, queue: WorkQueue | None = None
) -> None:
    """The runs of a pool, or of one of its queues, that are due within so many hours."""
    now = utc_now()
    until = FlowRunFilterNextScheduledStartTime(before_=now + timedelta(hours=hours))
    scheduled = FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED]))
    query = FlowRunQuery(
        flow_runs=FlowRunFilter(state=scheduled, next_scheduled_start_time=until),
        work_pools=WorkPoolFilter(name=WorkPoolFilterName(any_=[pool])),
        work_pool_queues=WorkQueueFilter(id=WorkQueueFilterId(any_=[queue.id])) if queue else None,
        sort=FlowRunSort.NEXT_SCHEDULED_START_TIME_ASC,
    )
    runs = list(
        every(
            lambda offset, limit: client.read_flow_runs(
                query.model_copy(update={"offset": offset, "limit": limit})
            )
        )
    )
    print_runs(client, title, runs)


def print_runs(client: SyncWindlassClient, title: str, runs: list[FlowRun]) -> None:
    """Scheduled runs, and when they are due."""
    now = utc_now()
    names = flow_names(client, (run.flow_id for run in runs))
    rows = (
        (
            tell_moment(run.next_scheduled_start_time, now),
            str(run.id),
            names.get(run.flow_id),
            run.name,
            state_cell(run),
            run.work_queue_name,
        )
        for run in runs
    )
    print_rows(title, ("Due", "ID", "Flow", "Name", "State", "Queue"), rows)
