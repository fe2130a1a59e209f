"""The graph of a flow run: what it called, and what waited for what."""

from typing import Literal
from uuid import UUID

from windlass.schemas.base import JsonValue, Shape, Timestamp
from windlass.schemas.fields import Duration
from windlass.schemas.states import State, StateType
from windlass.schemas.task_runs import TaskRunResult


class GraphState(Shape):
    """A state that the flow run was in."""

    id: UUID
    timestamp: Timestamp
    type: StateType
    name: str


class GraphArtifact(Shape):
    """An artifact that was made by a node, or by the flow run itself."""

    id: UUID
    created: Timestamp
    key: str | None
    type: str | None
    is_latest: bool
    data: JsonValue | None


class Edge(Shape):
    """The other end of a connection between nodes."""

    id: UUID


class Node(Shape):
    """A task run or a flow run that the flow run called."""

    kind: Literal["flow-run", "task-run"]
    id: UUID
    label: str
    state_type: StateType
    start_time: Timestamp
    end_time: Timestamp | None
    parents: list[Edge]
    children: list[Edge]
    encapsulating: list[Edge]
    artifacts: list[GraphArtifact]


class Graph(Shape):
    """The graph of a flow run. `nodes` are pairs of an id and a node, by start time."""

    start_time: Timestamp | None
    end_time: Timestamp | None
    root_node_ids: list[UUID]
    nodes: list[tuple[UUID, Node]]
    artifacts: list[GraphArtifact]
    states: list[GraphState]


class DependencyResult(Shape):
    """A task run of the older graph, and the task runs whose results it took."""

    id: UUID
    name: str
    upstream_dependencies: list[TaskRunResult]
    state: State | None
    expected_start_time: Timestamp | None
    start_time: Timestamp | None
    end_time: Timestamp | None
    total_run_time: Duration | None
    estimated_run_time: Duration | None
    untrackable_result: bool
