"""Concurrency limits by name, their slots, and the leases that hold them."""

from typing import Annotated
from uuid import UUID

from starlette.responses import Response

from windlass.schemas.concurrency_limits import (
    ConcurrencyLimitV2,
    ConcurrencyLimitV2Create,
    ConcurrencyLimitV2Update,
    GlobalConcurrencyLimitResponse,
)
from windlass.schemas.filters.criteria import Window
from windlass_services.api.answers import answer, answer_list
from windlass_services.api.context import InContext, InScope
from windlass_services.api.declaring import Body, Routes
from windlass_services.api.windows import window_of
from windlass_services.storage import concurrency_limits
from windlass_services.storage.concurrency_limits import LimitKey

router = Routes(prefix="/v2/concurrency_limits", tags=["Concurrency Limits V2"])


@router.post("/", response_model=ConcurrencyLimitV2, status_code=201)
async def create_concurrency_limit(
    context: InContext, scope: InScope, wanted: ConcurrencyLimitV2Create
) -> Response:
    """Make a limit."""
    async with context.database.write() as connection:
        made = await concurrency_limits.create_limit(connection, scope, wanted, now=context.clock())
    return answer(made, 201)


@router.post("/filter", response_model=list[GlobalConcurrencyLimitResponse])
async def read_concurrency_limits(
    context: InContext, scope: InScope, query: Annotated[Window | None, Body()] = None
) -> Response:
    """All limits, by name."""
    query = query or Window()
    window = window_of(context, query.limit, query.offset)
    async with context.database.read() as connection:
        found = await concurrency_limits.read_limits(connection, scope, window, now=context.clock())
    return answer_list(found)


@router.get("/{id_or_name}", response_model=GlobalConcurrencyLimitResponse)
async def read_concurrency_limit(
    context: InContext, scope: InScope, id_or_name: UUID | str
) -> Response:
    """One limit."""
    async with context.database.read() as connection:
        found = await concurrency_limits.read_limit(
            connection, scope, _key(id_or_name), now=context.clock()
        )
    return answer(found)


@router.patch("/{id_or_name}", status_code=204)
async def update_concurrency_limit(
    context: InContext, scope: InScope, id_or_name: UUID | str, update: ConcurrencyLimitV2Update
) -> None:
    """Change what is sent."""
    async with context.database.write() as connection:
        await concurrency_limits.update_limit(
            connection, scope, _key(id_or_name), update, now=context.clock()
        )


@router.delete("/{id_or_name}", status_code=204)
async def delete_concurrency_limit(
    context: InContext, scope: InScope, id_or_name: UUID | str
) -> None:
    """Delete a limit: it holds nobody back any more."""
    async with context.database.write() as connection:
        await concurrency_limits.delete_limit(
            connection, scope, _key(id_or_name), now=context.clock()
        )


def _key(id_or_name: UUID | str) -> LimitKey:
    """The id, where it is one: a union of both would take every text for a name."""
    try:
        return LimitKey(id=UUID(str(id_or_name)))
    except ValueError:
        return LimitKey(name=str(id_or_name))
