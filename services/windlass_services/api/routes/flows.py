"""Flows."""

from typing import Annotated
from uuid import UUID

from starlette.responses import Response

from windlass.schemas.filters.queries import FlowCountQuery, FlowPageQuery, FlowQuery
from windlass.schemas.flows import Flow, FlowCreate, FlowPaginationResponse, FlowUpdate
from windlass_services.api.answers import answer, answer_list
from windlass_services.api.context import InContext, InScope
from windlass_services.api.declaring import Body, Routes
from windlass_services.api.windows import filters_of, page_of, window_of
from windlass_services.storage import flows
from windlass_services.storage.flow_deletion import delete_flow as delete_flow_and_its_own
from windlass_services.storage.paging import PageNumbers

router = Routes(prefix="/flows", tags=["Flows"])


@router.post("/", response_model=Flow)
async def create_flow(context: InContext, scope: InScope, wanted: FlowCreate) -> Response:
    """Make a flow, or answer 200 with the one of this name."""
    async with context.database.write() as connection:
        flow, is_new = await flows.find_or_create_flow(
            connection, scope, wanted, now=context.clock()
        )
    return answer(flow, 201 if is_new else 200)


@router.post("/count")
async def count_flows(
    context: InContext, scope: InScope, query: Annotated[FlowCountQuery | None, Body()] = None
) -> int:
    """How many flows match."""
    async with context.database.read() as connection:
        return await flows.count_flows(connection, scope, filters_of(query))


@router.post("/filter", response_model=list[Flow])
async def read_flows(
    context: InContext, scope: InScope, query: Annotated[FlowQuery | None, Body()] = None
) -> Response:
    """Flows that match, in the order asked for."""
    query = query or FlowQuery()
    window = window_of(context, query.limit, query.offset)
    async with context.database.read() as connection:
        found = await flows.read_flows(connection, scope, filters_of(query), query.sort, window)
    return answer_list(found)


@router.post("/paginate", response_model=FlowPaginationResponse)
async def paginate_flows(
    context: InContext, scope: InScope, query: Annotated[FlowPageQuery | None, Body()] = None
) -> Response:
    """One page of flows, and how many there are."""
    query = query or FlowPageQuery()
    window = page_of(context, query.limit, query.page)
    filters = filters_of(query)
    async with context.database.read() as connection:
        found = await flows.read_flows(connection, scope, filters, query.sort, window)
        count = await flows.count_flows(connection, scope, filters)
    numbers = PageNumbers.of(count, window.limit, query.page)
    return answer(FlowPaginationResponse(results=found, **numbers.as_fields()))


@router.get("/name/{name}", response_model=Flow)
async def read_flow_by_name(context: InContext, scope: InScope, name: str) -> Response:
    """The flow of this name."""
    async with context.database.read() as connection:
        return answer(await flows.read_flow_by_name(connection, scope, name))


@router.get("/{id}", response_model=Flow)
async def read_flow(context: InContext, scope: InScope, id: UUID) -> Response:
    """One flow."""
    async with context.database.read() as connection:
        return answer(await flows.read_flow(connection, scope, id))


@router.patch("/{id}", status_code=204)
async def update_flow(context: InContext, scope: InScope, id: UUID, update: FlowUpdate) -> None:
    """Change what is sent."""
    async with context.database.write() as connection:
        await flows.update_flow(connection, scope, id, update, now=context.clock())


@router.delete("/{id}", status_code=204)
async def delete_flow(context: InContext, scope: InScope, id: UUID) -> None:
    """Delete a flow with its deployments and runs."""
    async with context.database.write() as connection:
        await delete_flow_and_its_own(connection, scope, id, now=context.clock())
