"""Saved searches."""

from typing import Annotated
from uuid import UUID

from starlette.responses import Response

from windlass.schemas.filters.saved_searches import SavedSearchQuery
from windlass.schemas.saved_searches import SavedSearch, SavedSearchCreate
from windlass_services.api.answers import answer, answer_list
from windlass_services.api.context import InContext, InScope
from windlass_services.api.declaring import Body, Routes
from windlass_services.api.windows import window_of
from windlass_services.storage import saved_searches

router = Routes(prefix="/saved_searches", tags=["SavedSearches"])


@router.put("/", response_model=SavedSearch)
async def create_saved_search(
    context: InContext, scope: InScope, wanted: SavedSearchCreate
) -> Response:
    """Save a search, in place of the one of this name; 201 if there was none."""
    async with context.database.write() as connection:
        search, is_new = await saved_searches.put_saved_search(
            connection, scope, wanted, now=context.clock()
        )
    return answer(search, 201 if is_new else 200)


@router.post("/filter", response_model=list[SavedSearch])
async def read_saved_searches(
    context: InContext, scope: InScope, query: Annotated[SavedSearchQuery | None, Body()] = None
) -> Response:
    """Saved searches, by name."""
    query = query or SavedSearchQuery()
    window = window_of(context, query.limit, query.offset)
    async with context.database.read() as connection:
        return answer_list(await saved_searches.read_saved_searches(connection, scope, window))


@router.get("/{id}", response_model=SavedSearch)
async def read_saved_search(context: InContext, scope: InScope, id: UUID) -> Response:
    """One saved search."""
    async with context.database.read() as connection:
        return answer(await saved_searches.read_saved_search(connection, scope, id))


@router.delete("/{id}", status_code=204)
async def delete_saved_search(context: InContext, scope: InScope, id: UUID) -> None:
    """Delete a saved search."""
    async with context.database.write() as connection:
        await saved_searches.delete_saved_search(connection, scope, id)
