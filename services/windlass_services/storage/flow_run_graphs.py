"""The graph of a flow run: read in a fixed number of queries, whatever it called."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.exceptions import ObjectNotFound, RequestInvalid
from windlass.schemas.flow_run_graph import (
    DependencyResult,
    Edge,
    Graph,
    GraphArtifact,
    GraphState,
    Node,
)
from windlass.schemas.task_runs import TaskRunResult
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import (
    artifact,
    artifact_collection,
    flow,
    flow_run,
    flow_run_state,
    task_run,
)
from windlass_services.storage.task_runs import task_run_from_row

_PARENTS: Final = "__parents__"
"""The name under which a task run says inside of which other one it was called."""

Inputs = Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class GraphLimits:
    """How much of a graph is read; one with more is refused."""

    nodes: int
    artifacts: int


async def read_flow_run_graph(
    connection: AsyncConnection, scope: Scope, flow_run_id: UUID, since: datetime, of: GraphLimits
) -> Graph:
    """What a flow run called, without what ended before `since`.

    Raises `ObjectNotFound`, and `RequestInvalid` for a graph over the limits.
    """
    start_time, end_time = await _times(connection, scope, flow_run_id)
    called = await _called(connection, scope, flow_run_id, since, of.nodes)
    of_run, by_task = await _artifacts(connection, scope, flow_run_id, of.artifacts)
    nodes = _nodes(called, by_task)
    return Graph(
        start_time=start_time,
        end_time=end_time,
        root_node_ids=[node.id for node in nodes if not node.parents],
        nodes=[(node.id, node) for node in nodes],
        artifacts=of_run,
        states=await _states(connection, scope, flow_run_id),
    )


async def read_dependencies(
    connection: AsyncConnection, scope: Scope, flow_run_id: UUID, of: GraphLimits, *, now: datetime
) -> list[DependencyResult]:
    """The task runs of a flow run, and whose results each of them took. Raises as above."""
    await _times(connection, scope, flow_run_id)
    rows = await connection.execute(
        sa.select(task_run)
        .where(_in_flow_run(scope, flow_run_id))
        .order_by(task_run.c.id)
        .limit(of.nodes + 1)
    )
    runs = [task_run_from_row(row, now) for row in rows.mappings()]
    _require_within(len(runs), of.nodes, "task runs", "NODES")
    return [
        DependencyResult(
            **{name: getattr(run, name) for name in _SHOWN},
            upstream_dependencies=[
                one
                for name, given in run.task_inputs.items()
                for one in given
                if name != _PARENTS and isinstance(one, TaskRunResult)
            ],
            untrackable_result=run.state is not None and run.state.state_details.untrackable_result,
        )
        for run in runs
    ]


_SHOWN: Final = (
    *("id", "name", "state", "expected_start_time", "start_time", "end_time"),
    *("total_run_time", "estimated_run_time"),
)


@dataclass(frozen=True, slots=True)
class _Called:
    """A task run, with the flow run that it stands for, if it does."""

    task_run_id: UUID
    node: Mapping[str, Any]
    inputs: Inputs


async def _times(
    connection: AsyncConnection, scope: Scope, id: UUID
) -> tuple[datetime | None, datetime | None]:
    rows = await connection.execute(
        sa.select(flow_run.c.start_time, flow_run.c.end_time).where(
            flow_run.c.id == id, flow_run.c.workspace_id == scope.workspace_id
        )
    )
    run = rows.one_or_none()
    if run is None:
        raise ObjectNotFound(f"There is no flow run with the id {id}.")
    return run.start_time, run.end_time


async def _called(
    connection: AsyncConnection, scope: Scope, flow_run_id: UUID, since: datetime, most: int
) -> list[_Called]:
    child = flow_run.alias("child")
    start = sa.func.coalesce(child.c.start_time, task_run.c.start_time).label("start_time")
    rows = await connection.execute(
        sa.select(
            task_run.c.id.label("task_run_id"),
            task_run.c.task_inputs,
            child.c.id.label("child_id"),
            flow.c.name.label("flow_name"),
            child.c.name.label("child_name"),
            task_run.c.name,
            sa.func.coalesce(child.c.state_type, task_run.c.state_type).label("state_type"),
            start,
            sa.case((child.c.id.is_(None), task_run.c.end_time), else_=child.c.end_time).label(
                "end_time"
            ),
        )
        .outerjoin(
            child,
            sa.and_(
                child.c.parent_task_run_id == task_run.c.id,
                child.c.workspace_id == scope.workspace_id,
            ),
        )
        .outerjoin(flow, flow.c.id == child.c.flow_id)
        .where(
            _in_flow_run(scope, flow_run_id),
            sa.or_(task_run.c.start_time.is_not(None), child.c.start_time.is_not(None)),
            sa.or_(task_run.c.end_time.is_(None), task_run.c.end_time >= since),
        )
        .order_by(start, task_run.c.id)
        .limit(most + 1)
    )
    found = [_called_from(row) for row in rows.mappings()]
    _require_within(len(found), most, "nodes", "NODES")
    return found


def _called_from(row: Mapping[Any, Any]) -> _Called:
    is_flow = row["child_id"] is not None
    node = {
        "kind": "flow-run" if is_flow else "task-run",
        "id": row["child_id"] if is_flow else row["task_run_id"],
        "label": f"{row['flow_name']} / {row['child_name']}" if is_flow else row["name"],
        "state_type": row["state_type"],
        "start_time": row["start_time"],
        "end_time": row["end_time"],
    }
    return _Called(row["task_run_id"], node, row["task_inputs"])


def _nodes(called: Sequence[_Called], artifacts: Mapping[UUID, list[GraphArtifact]]) -> list[Node]:
    ids = {one.task_run_id: one.node["id"] for one in called}
    parents = {one.task_run_id: _edges(_waited_for(one.inputs), ids) for one in called}
    children: defaultdict[UUID, list[Edge]] = defaultdict(list)
    for one in called:
        for parent in parents[one.task_run_id]:
            children[parent.id].append(Edge(id=one.node["id"]))
    return [
        Node(
            **one.node,
            parents=parents[one.task_run_id],
            children=children[one.node["id"]],
            encapsulating=_edges(_task_runs(one.inputs.get(_PARENTS, ())), ids),
            artifacts=artifacts.get(one.task_run_id, []),
        )
        for one in called
    ]


def _waited_for(inputs: Inputs) -> Iterator[UUID]:
    for name, given in inputs.items():
        if name != _PARENTS:
            yield from _task_runs(given)


def _task_runs(given: Sequence[Mapping[str, Any]]) -> Iterator[UUID]:
    return (UUID(one["id"]) for one in given if one["input_type"] == "task_run")


def _edges(task_run_ids: Iterable[UUID], ids: Mapping[UUID, UUID]) -> list[Edge]:
    """To the nodes of the graph, each once: what lies outside of it is not shown."""
    return [Edge(id=ids[id]) for id in dict.fromkeys(task_run_ids) if id in ids]


async def _artifacts(
    connection: AsyncConnection, scope: Scope, flow_run_id: UUID, most: int
) -> tuple[list[GraphArtifact], dict[UUID, list[GraphArtifact]]]:
    """Those of the flow run itself, and those of its task runs."""
    latest = sa.select(artifact_collection.c.id).where(
        artifact_collection.c.latest_id == artifact.c.id
    )
    columns = artifact.c
    is_shown = columns.type == "progress"
    rows = await connection.execute(
        sa.select(
            *(columns.id, columns.created, columns.key, columns.type, columns.task_run_id),
            sa.or_(columns.key.is_(None), latest.exists()).label("is_latest"),
            sa.case((is_shown, columns.data)).label("data"),
        )
        .where(columns.flow_run_id == flow_run_id, columns.workspace_id == scope.workspace_id)
        .order_by(columns.created, columns.id)
        .limit(most + 1)
    )
    of_run: list[GraphArtifact] = []
    by_task: defaultdict[UUID, list[GraphArtifact]] = defaultdict(list)
    found = rows.mappings().all()
    _require_within(len(found), most, "artifacts", "ARTIFACTS")
    for row in found:
        of = of_run if row["task_run_id"] is None else by_task[row["task_run_id"]]
        of.append(GraphArtifact.model_validate(dict(row)))
    return of_run, by_task


async def _states(connection: AsyncConnection, scope: Scope, flow_run_id: UUID) -> list[GraphState]:
    columns = flow_run_state.c
    rows = await connection.execute(
        sa.select(columns.id, columns.timestamp, columns.type, columns.name)
        .where(columns.flow_run_id == flow_run_id, columns.workspace_id == scope.workspace_id)
        .order_by(columns.timestamp, columns.id)
    )
    return [GraphState.model_validate(dict(row)) for row in rows.mappings()]


def _in_flow_run(scope: Scope, flow_run_id: UUID) -> sa.ColumnElement[bool]:
    return sa.and_(
        task_run.c.flow_run_id == flow_run_id, task_run.c.workspace_id == scope.workspace_id
    )


def _require_within(count: int, most: int, what: str, setting: str) -> None:
    if count > most:
        raise RequestInvalid(
            f"The flow run has more than {most} {what}: its graph is too large. Raise"
            f" WINDLASS_SERVER_FLOW_RUN_GRAPH_MAX_{setting} to see it."
        )
