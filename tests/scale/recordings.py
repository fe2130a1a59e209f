"""What stock clients were heard asking, as questions to the storage.

recorded.json has the bodies that `prefect` 3.6.7 sent to the routes which filter, count or chart
runs and what belongs to them: its command line and its worker, recorded between them and a server.
What its web page asks is from the reference of the API. `$flow`, `$deployment`, `$flow_run` and
`$pool` stand for ids or names; `$hours -1` for an hour ago.
"""

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias, cast
from uuid import UUID

from pydantic import Field

from tests.scale.questions import Question
from tests.scale.values import Known
from windlass.schemas.base import Shape
from windlass.schemas.filters import queries
from windlass.schemas.filters.artifacts import ArtifactCollectionQuery, ArtifactQuery
from windlass.schemas.filters.events import EventCountQuery, EventFilter, EventQuery
from windlass.schemas.filters.logs import LogQuery
from windlass_services.storage import (
    artifact_collections,
    artifacts,
    deployments,
    event_counts,
    events,
    flow_runs,
    flows,
    logs,
    polls,
    run_histories,
    task_runs,
    ui_counts,
    work_pools,
    work_queues,
)
from windlass_services.storage.database import Connection
from windlass_services.storage.filters.query import Filters
from windlass_services.storage.paging import Window
from windlass_services.storage.run_histories import Intervals
from windlass_services.storage.scope import Scope

Ask: TypeAlias = Callable[[Connection, Any, datetime], Awaitable[Any]]

_SCOPE: Final = Scope()


def recorded_questions(known: Known, now: datetime) -> Iterator[Question]:
    """One for each body. Raises `KeyError` for a route that this file does not know."""
    recorded = json.loads(Path(__file__).with_name("recorded.json").read_text("utf-8"))
    for asked in recorded:
        shape, ask = _ROUTES[asked["route"]]
        query = shape.model_validate(_filled_in(asked["body"], known, now))
        yield Question(
            name=f"{asked['route']}, as `{asked['asked_by']}` asks",
            sort=None if "count" in asked["route"] else str(getattr(query, "sort", None)),
            value=asked["body"],
            ask=partial(_asked, ask, query, now),
        )


def _asked(ask: Ask, query: Shape, now: datetime, connection: Connection) -> Awaitable[Any]:
    return ask(connection, query, now)


def _filled_in(body: Any, known: Known, now: datetime) -> Any:
    if isinstance(body, dict):
        fields = cast("dict[str, Any]", body)
        return {name: _filled_in(part, known, now) for name, part in fields.items()}
    if isinstance(body, list):
        return [_filled_in(part, known, now) for part in cast("list[Any]", body)]
    if not isinstance(body, str) or not body.startswith("$"):
        return body
    meant: Mapping[str, Any] = {
        "$flow": known.flow(70),
        "$flow name": "flow-x70",
        "$deployment": known.deployment(140),
        "$flow_run": known.flow_run(70_000),
        "$resource": known.event_resource(70_000),
        "$pool": "pool-3",
    }
    if body in meant:
        return meant[body]
    return now + timedelta(hours=float(body.removeprefix("$hours ")))


def _filters(query: Any) -> Filters:
    asked = {name: getattr(query, name, None) for name in Filters.__dataclass_fields__}
    return replace(Filters(), **asked)


def _window(query: Any) -> Window:
    return Window(min(query.limit or 200, 200), getattr(query, "offset", 0))


def _read(storage: Any, *, at: bool) -> Ask:
    """A list of what is filtered by all resources; `at` says that it wants to know the time."""

    def ask(c: Connection, query: Any, now: datetime) -> Awaitable[Any]:
        more = {"now": now} if at else {}
        return storage(c, _SCOPE, _filters(query), query.sort, _window(query), **more)

    return ask


def _count(storage: Any) -> Ask:
    return lambda c, query, _: storage(c, _SCOPE, _filters(query))


def _history(storage: Any) -> Ask:
    return lambda c, query, now: storage(c, _SCOPE, _filters(query), Intervals.of(query), now=now)


class Poll(Shape):
    """The body of a poll for runs that are due."""

    deployment_ids: list[UUID] = Field(default_factory=list[UUID])
    scheduled_before: datetime


async def _poll(c: Connection, query: Any, now: datetime) -> Any:
    pool = await work_pools.read_work_pool(c, _SCOPE, "pool-3")
    queues = await work_queues.read_queues_of_pool(c, _SCOPE, pool, None)
    due = polls.Due(before=query.scheduled_before)
    return await polls.read_scheduled_runs(c, _SCOPE, pool, queues, due, limit=10, now=now)


def _poll_of_runner(c: Connection, query: Any, now: datetime) -> Awaitable[Any]:
    due = polls.Due(before=query.scheduled_before)
    return polls.read_scheduled_runs_of_deployments(
        c, _SCOPE, query.deployment_ids, due, limit=10, now=now
    )


_RUNS: Final = _read(flow_runs.read_flow_runs, at=True)
_TASK_RUNS: Final = _read(task_runs.read_task_runs, at=True)
_FLOWS: Final = _read(flows.read_flows, at=False)
_DEPLOYMENTS: Final = _read(deployments.read_deployments, at=False)
_ROUTES: Final[Mapping[str, tuple[type[Shape], Ask]]] = {
    "/flow_runs/filter": (queries.FlowRunQuery, _RUNS),
    "/flow_runs/paginate": (queries.FlowRunPageQuery, _RUNS),
    "/flow_runs/count": (queries.FlowRunCountQuery, _count(flow_runs.count_flow_runs)),
    "/flow_runs/history": (
        queries.FlowRunHistoryQuery,
        _history(run_histories.read_flow_run_history),
    ),
    "/task_runs/filter": (queries.TaskRunQuery, _TASK_RUNS),
    "/task_runs/paginate": (queries.TaskRunPageQuery, _TASK_RUNS),
    "/task_runs/count": (queries.TaskRunCountQuery, _count(task_runs.count_task_runs)),
    "/task_runs/history": (
        queries.TaskRunHistoryQuery,
        _history(run_histories.read_task_run_history),
    ),
    "/ui/task_runs/count": (
        queries.TaskRunCountQuery,
        _count(ui_counts.count_task_runs_by_state),
    ),
    "/work_pools/p/get_scheduled_flow_runs": (Poll, _poll),
    "/deployments/get_scheduled_flow_runs": (Poll, _poll_of_runner),
    "/flows/filter": (queries.FlowQuery, _FLOWS),
    "/flows/paginate": (queries.FlowPageQuery, _FLOWS),
    "/flows/count": (queries.FlowCountQuery, _count(flows.count_flows)),
    "/deployments/filter": (queries.DeploymentQuery, _DEPLOYMENTS),
    "/deployments/paginate": (queries.DeploymentPageQuery, _DEPLOYMENTS),
    "/deployments/count": (queries.DeploymentCountQuery, _count(deployments.count_deployments)),
    "/logs/filter": (
        LogQuery,
        lambda c, query, _: logs.read_logs(c, _SCOPE, query.logs, query.sort, _window(query)),
    ),
    "/events/filter": (
        EventQuery,
        lambda c, query, now: events.read_events(
            c, _SCOPE, query.filter or EventFilter(), Window(query.limit), now=now
        ),
    ),
    "/events/count-by/time": (
        EventCountQuery,
        lambda c, query, now: event_counts.count_events_by_time(
            c, _SCOPE, query.filter, query.time_unit, query.time_interval, now=now
        ),
    ),
    "/artifacts/filter": (
        ArtifactQuery,
        lambda c, query, _: artifacts.read_artifacts(
            c, _SCOPE, query.artifacts, _filters(query), query.sort, _window(query)
        ),
    ),
    "/artifacts/latest/filter": (
        ArtifactCollectionQuery,
        lambda c, query, _: artifact_collections.read_artifact_collections(
            c, _SCOPE, query.artifacts, _filters(query), query.sort, _window(query)
        ),
    ),
}
