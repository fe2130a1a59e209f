"""Events over HTTP: sent in batches, listed by page."""

from typing import Annotated

from starlette.requests import Request
from starlette.responses import Response

from windlass.schemas.events import Countable, Event, EventCount, EventPage, TimeUnit
from windlass.schemas.filters.events import EventCountQuery, EventFilter, EventQuery
from windlass_services.api.answers import answer
from windlass_services.api.context import ApiContext, InContext, InScope
from windlass_services.api.declaring import Body, Query, Routes
from windlass_services.api.heartbeats import take_in_events
from windlass_services.api.page_tokens import PageToken, read_page_token, write_page_token
from windlass_services.api.sizes import check_event_size
from windlass_services.events.rows import row_of_event
from windlass_services.storage import event_counts, events
from windlass_services.storage.paging import Window
from windlass_services.storage.scope import Scope

router = Routes(prefix="/events", tags=["Events"])


@router.post("", status_code=204)
async def create_events(
    context: InContext, scope: InScope, request: Request, sent: list[Event]
) -> None:
    """Take events in. What is answered is stored; one that was sent before changes nothing."""
    size = len(await request.body())
    for event in sent:
        check_event_size(context.settings.server.events, event, size)
    now = context.clock()
    rows = [row_of_event(event, now) for event in sent]
    await take_in_events(context, scope, rows)


@router.post("/filter", response_model=EventPage)
async def read_events(
    context: InContext,
    scope: InScope,
    request: Request,
    query: Annotated[EventQuery | None, Body()] = None,
) -> Response:
    """The first page of the events that match."""
    query = query or EventQuery()
    asked = query.filter or EventFilter()
    if asked.occurred.until is None:
        # The pages that follow must not shift with what happens meanwhile.
        period = asked.occurred.model_copy(update={"until": context.clock()})
        asked = asked.model_copy(update={"occurred": period})
    return await _page(context, scope, request, PageToken(asked, query.limit, 0, None))


@router.get("/filter/next", response_model=EventPage)
async def read_next_events(
    context: InContext,
    scope: InScope,
    request: Request,
    page_token: Annotated[str, Query(alias="page-token")],
) -> Response:
    """The page that `next_page` of the page before leads to."""
    return await _page(context, scope, request, read_page_token(page_token))


@router.post("/count-by/{countable}")
async def count_events(
    context: InContext, scope: InScope, countable: Countable, query: EventCountQuery
) -> list[EventCount]:
    """How many events match: by name, by resource, by day, or by intervals of another length."""
    now = context.clock()
    asked, unit, interval = query.filter, query.time_unit, query.time_interval
    if countable is Countable.DAY:
        unit, interval = TimeUnit.DAY, 1.0
    async with context.database.read() as connection:
        if countable in (Countable.DAY, Countable.TIME):
            return await event_counts.count_events_by_time(
                connection, scope, asked, unit, interval, now=now
            )
        most = context.settings.server.api.default_limit
        return await event_counts.count_events_in_groups(
            connection, scope, asked, countable, most, now=now
        )


async def _page(context: ApiContext, scope: Scope, request: Request, token: PageToken) -> Response:
    now = context.clock()
    asked = token.filter
    async with context.database.read() as connection:
        window = Window(token.limit, token.offset)
        found = await events.read_events(connection, scope, asked, window, now=now)
        total = token.total
        if total is None:
            total = await events.count_events(connection, scope, asked, now=now)
    end = token.offset + token.limit
    next_page = None
    if found and end < total:
        following = write_page_token(PageToken(asked, token.limit, end, total))
        path = request.url.path.removesuffix("/next") + "/next"
        url = request.url.replace(path=path, query="")
        next_page = str(url.include_query_params(**{"page-token": following}))
    return answer(EventPage(events=found, total=total, next_page=next_page))
