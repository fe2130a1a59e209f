"""Events, listed and counted. They are written by the hot operation and by the relay."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.schemas.events import ReceivedEvent
from windlass.schemas.filters.events import EventFilter
from windlass.schemas.filters.sorting import EventOrder
from windlass_services.storage.filters.criteria import Clause
from windlass_services.storage.filters.events import where_events
from windlass_services.storage.paging import Window, count_rows
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import event


async def read_events(
    connection: AsyncConnection, scope: Scope, asked: EventFilter, window: Window, *, now: datetime
) -> list[ReceivedEvent]:
    """One window of the events that match, in the order that the filter asks for."""
    columns = (event.c.occurred, event.c.id)
    if asked.order is EventOrder.DESC:
        order = [column.desc() for column in columns]
    else:
        order = [column.asc() for column in columns]
    rows = await connection.execute(
        sa.select(event)
        .where(_matching(connection, scope, asked, now))
        .order_by(*order)
        .limit(window.limit)
        .offset(window.offset)
    )
    return [ReceivedEvent.model_validate(dict(row)) for row in rows.mappings()]


async def count_events(
    connection: AsyncConnection, scope: Scope, asked: EventFilter, *, now: datetime
) -> int:
    """How many events match."""
    return await count_rows(connection, event, _matching(connection, scope, asked, now))


def _matching(
    connection: AsyncConnection, scope: Scope, asked: EventFilter, now: datetime
) -> Clause:
    return sa.and_(
        event.c.workspace_id == scope.workspace_id,
        where_events(asked, connection.dialect.name, now),
    )
