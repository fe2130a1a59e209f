"""Every list and count of a resource, with each criterion of its filter alone and each order.

What there is to ask is read off the shapes of the filters and the catalogues of sorts, so that a
new criterion is asked by itself as soon as it exists; values.py has to say with what.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, TypeAlias, get_args

from tests.scale.values import Values
from windlass.schemas.base import Shape
from windlass.schemas.filters import sorting
from windlass.schemas.filters.artifacts import ArtifactCollectionFilter, ArtifactFilter
from windlass.schemas.filters.automations import AutomationFilter
from windlass.schemas.filters.blocks import (
    BlockDocumentCountQuery,
    BlockDocumentFilter,
    BlockSchemaFilter,
    BlockTypeFilter,
)
from windlass.schemas.filters.deployments import DeploymentFilter
from windlass.schemas.filters.events import EventFilter
from windlass.schemas.filters.flow_runs import FlowRunFilter
from windlass.schemas.filters.flows import FlowFilter
from windlass.schemas.filters.logs import LogFilter
from windlass.schemas.filters.task_runs import TaskRunFilter
from windlass.schemas.filters.variables import VariableFilter
from windlass.schemas.filters.work_pools import WorkPoolFilter
from windlass.schemas.filters.work_queues import WorkQueueFilter
from windlass.schemas.filters.workers import WorkerFilter
from windlass_services.storage import (
    artifact_collections,
    artifacts,
    automations,
    block_documents,
    block_schemas,
    block_types,
    deployments,
    events,
    flow_runs,
    flows,
    logs,
    task_runs,
    variables,
    work_pools,
    work_queues,
    workers,
)
from windlass_services.storage.database import Connection
from windlass_services.storage.filters.query import Filters
from windlass_services.storage.paging import Window
from windlass_services.storage.scope import Scope

LIMIT: Final = 200
_SCOPE: Final = Scope()
_PAGE: Final = Window(LIMIT)
_EVENTS: Final = Window(50)

Read: TypeAlias = Callable[[Connection, Any, Any, datetime], Awaitable[Any]]
Count: TypeAlias = Callable[[Connection, Any, datetime], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Listing:
    """A resource that can be listed: its filter, its orders, and what storage is asked."""

    shape: type[Shape]
    sorts: type[StrEnum] | None
    read: Read
    count: Count | None


@dataclass(frozen=True, slots=True)
class Question:
    """One criterion with one value, in one order; `sort` None counts."""

    name: str
    """`flow_runs.state.type.any_`"""
    sort: str | None
    value: Any
    ask: Callable[[Connection], Awaitable[Any]]


def questions(
    listing_name: str, listing: Listing, values: Values, now: datetime
) -> Iterator[Question]:
    """Every question that can be asked of a listing with one criterion. Raises `KeyError` for a
    criterion without values."""
    for path in criteria(listing.shape):
        for value in values[path]:
            asked = listing.shape.model_validate(_nested(path, value))
            yield from _asked(f"{listing_name}.{path}", listing, asked, value, now)


def unfiltered(listing_name: str, listing: Listing, now: datetime) -> Iterator[Question]:
    """The same without any criterion."""
    asked = listing.shape()
    return _asked(listing_name, listing, asked, None, now)


def criteria(shape: type[Shape]) -> Iterator[str]:
    """The paths of the criteria of a filter: `state.type.any_`."""
    for name, field in shape.model_fields.items():
        if name in ("operator", "order"):
            continue
        nested = _shape_in(field.annotation)
        if nested is None:
            yield name
        else:
            yield from (f"{name}.{path}" for path in criteria(nested))


def _asked(
    name: str, listing: Listing, asked: Shape, value: Any, now: datetime
) -> Iterator[Question]:
    for sort in listing.sorts or (None,):

        def read(connection: Connection, sort: StrEnum | None = sort) -> Awaitable[Any]:
            return listing.read(connection, asked, sort, now)

        yield Question(name, "the only order" if sort is None else sort.name, value, read)
    if (count := listing.count) is not None:
        yield Question(name, None, value, lambda connection: count(connection, asked, now))


def _shape_in(annotation: Any) -> type[Shape] | None:
    for part in (annotation, *get_args(annotation)):
        if isinstance(part, type) and issubclass(part, Shape):
            return part
    return None


def _nested(path: str, value: Any) -> dict[str, Any]:
    name, _, rest = path.partition(".")
    return {name: _nested(rest, value) if rest else value}


def _listing(
    shape: type[Shape], sorts: type[StrEnum], part: str, read: Any, count: Any, *, at: bool = False
) -> Listing:
    """One that takes `Filters`; `at` says that its list wants to know the time."""

    def filters(asked: Any) -> Filters:
        return Filters(**{part: asked})

    def reading(c: Connection, asked: Any, sort: Any, now: datetime) -> Awaitable[Any]:
        more = {"now": now} if at else {}
        return read(c, _SCOPE, filters(asked), sort, _PAGE, **more)

    return Listing(shape, sorts, reading, lambda c, asked, _: count(c, _SCOPE, filters(asked)))


def filter_of(listing_name: str) -> str:
    """The name of the filter that a listing takes, which is mostly its own."""
    return listing_name.rpartition(" by ")[2]


LISTINGS: Final[Mapping[str, Listing]] = {
    "flow_runs": _listing(
        FlowRunFilter,
        sorting.FlowRunSort,
        "flow_runs",
        flow_runs.read_flow_runs,
        flow_runs.count_flow_runs,
        at=True,
    ),
    **{
        f"flow_runs by {name}": _listing(
            shape,
            sorting.FlowRunSort,
            part,
            flow_runs.read_flow_runs,
            flow_runs.count_flow_runs,
            at=True,
        )
        for name, shape, part in (
            ("flows", FlowFilter, "flows"),
            ("deployments", DeploymentFilter, "deployments"),
            ("work_pools", WorkPoolFilter, "work_pools"),
            ("work_queues", WorkQueueFilter, "work_pool_queues"),
        )
    },
    "task_runs": _listing(
        TaskRunFilter,
        sorting.TaskRunSort,
        "task_runs",
        task_runs.read_task_runs,
        task_runs.count_task_runs,
        at=True,
    ),
    "flows": _listing(FlowFilter, sorting.FlowSort, "flows", flows.read_flows, flows.count_flows),
    "deployments": _listing(
        DeploymentFilter,
        sorting.DeploymentSort,
        "deployments",
        deployments.read_deployments,
        deployments.count_deployments,
    ),
    "logs": Listing(
        LogFilter,
        sorting.LogSort,
        lambda c, asked, sort, _: logs.read_logs(c, _SCOPE, asked, sort, _PAGE),
        None,
    ),
    "events": Listing(
        EventFilter,
        sorting.EventOrder,
        lambda c, asked, sort, now: events.read_events(
            c, _SCOPE, asked.model_copy(update={"order": sort}), _EVENTS, now=now
        ),
        lambda c, asked, now: events.count_events(c, _SCOPE, asked, now=now),
    ),
    "variables": Listing(
        VariableFilter,
        sorting.VariableSort,
        lambda c, asked, sort, _: variables.read_variables(c, _SCOPE, asked, sort, _PAGE),
        lambda c, asked, _: variables.count_variables(c, _SCOPE, asked),
    ),
    "automations": Listing(
        AutomationFilter,
        sorting.AutomationSort,
        lambda c, asked, sort, _: automations.read_automations(c, _SCOPE, asked, sort, _PAGE),
        lambda c, asked, _: automations.count_automations(c, _SCOPE, asked),
    ),
    "artifacts": Listing(
        ArtifactFilter,
        sorting.ArtifactSort,
        lambda c, asked, sort, _: artifacts.read_artifacts(
            c, _SCOPE, asked, Filters(), sort, _PAGE
        ),
        lambda c, asked, _: artifacts.count_artifacts(c, _SCOPE, asked, Filters()),
    ),
    "artifact_collections": Listing(
        ArtifactCollectionFilter,
        sorting.ArtifactCollectionSort,
        lambda c, asked, sort, _: artifact_collections.read_artifact_collections(
            c, _SCOPE, asked, Filters(), sort, _PAGE
        ),
        lambda c, asked, _: artifact_collections.count_artifact_collections(
            c, _SCOPE, asked, Filters()
        ),
    ),
    "work_pools": Listing(
        WorkPoolFilter,
        None,
        lambda c, asked, _s, _n: work_pools.read_work_pools(c, _SCOPE, asked, _PAGE),
        lambda c, asked, _: work_pools.count_work_pools(c, _SCOPE, asked),
    ),
    "work_queues": Listing(
        WorkQueueFilter,
        None,
        lambda c, asked, _s, _n: work_queues.read_work_queues(c, _SCOPE, asked, _PAGE),
        None,
    ),
    "workers": Listing(
        WorkerFilter,
        None,
        lambda c, asked, _s, _n: workers.read_workers(c, _SCOPE, "pool-3", asked, _PAGE),
        None,
    ),
    "block_types": Listing(
        BlockTypeFilter,
        None,
        lambda c, asked, _s, _n: block_types.read_block_types(c, _SCOPE, asked, None, _PAGE),
        None,
    ),
    "block_schemas": Listing(
        BlockSchemaFilter,
        None,
        lambda c, asked, _s, _n: block_schemas.read_block_schemas(c, _SCOPE, asked, _PAGE),
        None,
    ),
    "block_documents": Listing(
        BlockDocumentFilter,
        sorting.BlockDocumentSort,
        lambda c, asked, sort, _: block_documents.read_block_documents(
            c, _SCOPE, _documents(asked), sort, _PAGE, include_secrets=False
        ),
        lambda c, asked, _: block_documents.count_block_documents(c, _SCOPE, _documents(asked)),
    ),
}


def _documents(asked: BlockDocumentFilter) -> BlockDocumentCountQuery:
    return BlockDocumentCountQuery(block_documents=asked)
