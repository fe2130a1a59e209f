"""The graphs of flow runs: what they called, and what waited for what."""

from datetime import UTC, datetime
from uuid import UUID

from starlette.responses import Response

from windlass.schemas.base import Timestamp
from windlass.schemas.flow_run_graph import DependencyResult, Graph
from windlass_services.api.answers import answer, answer_list
from windlass_services.api.context import ApiContext, InContext, InScope
from windlass_services.api.declaring import Routes
from windlass_services.storage.flow_run_graphs import (
    GraphLimits,
    read_dependencies,
    read_flow_run_graph,
)

router = Routes(prefix="/flow_runs", tags=["Flow Runs", "Flow Run Graph"])

_EVER = datetime.min.replace(tzinfo=UTC)


@router.get("/{id}/graph", response_model=list[DependencyResult])
async def read_flow_run_graph_v1(context: InContext, scope: InScope, id: UUID) -> Response:
    """The task runs of a run, and whose results each of them took."""
    async with context.database.read() as connection:
        found = await read_dependencies(
            connection, scope, id, _limits(context), now=context.clock()
        )
    return answer_list(found)


@router.get("/{id}/graph-v2", response_model=Graph)
async def read_flow_run_graph_v2(
    context: InContext, scope: InScope, id: UUID, since: Timestamp = _EVER
) -> Response:
    """What a run called; without what ended before `since`."""
    async with context.database.read() as connection:
        found = await read_flow_run_graph(connection, scope, id, since, _limits(context))
    return answer(found)


def _limits(context: ApiContext) -> GraphLimits:
    most = context.settings.server.flow_run_graph
    return GraphLimits(nodes=most.max_nodes, artifacts=most.max_artifacts)
