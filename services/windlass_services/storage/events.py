"""Events, listed and counted. They are written by the hot operation and by the relay."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.schemas.events import ReceivedEvent
from windlass.schemas.filters.events import EventFilter
from windlass.schemas.filters.sorting import EventOrder
from windlass_services.storage.filters.criteria import Clause
from windlass_services.storage.filters.events import where_events
from windlass_services.storage.paging import Window, count_rows, in_window
from windlass_services.storage.rows import readable
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import event


async def read_events(
    connection: AsyncConnection, scope: Scope, asked: EventFilter, window: Window, *, now: datetime
) -> list[ReceivedEvent]:
    """One window of the events that match, in the order that the filter asks for."""
    rows = await connection.execute(
        in_window(
            sa.select(event)
            .where(_matching(connection, scope, asked, now))
            .order_by(*_order(asked)),
            window,
        )
    )
    return readable("event", rows.mappings(), _event)


async def count_events(
    connection: AsyncConnection, scope: Scope, asked: EventFilter, *, now: datetime
) -> int:
    """How many events match."""
    return await count_rows(connection, event, _matching(connection, scope, asked, now))


def events_matching(
    connection: AsyncConnection, scope: Scope, asked: EventFilter, now: datetime
) -> Clause:
    """Events of the workspace that match, whether or not distinct resources are asked for."""
    return sa.and_(
        event.c.workspace_id == scope.workspace_id,
        where_events(asked, connection.dialect.name, now),
    )


def _matching(
    connection: AsyncConnection, scope: Scope, asked: EventFilter, now: datetime
) -> Clause:
    matching = events_matching(connection, scope, asked, now)
    if asked.resource is None or not asked.resource.distinct:
        return matching
    place = sa.func.row_number().over(partition_by=event.c.resource_id, order_by=_order(asked))
    ranked = sa.select(event.c.id, place.label("place")).where(matching).subquery()
    first = sa.select(ranked.c.id).where(ranked.c.place == 1)
    return sa.and_(matching, event.c.id.in_(first))


def _order(asked: EventFilter) -> list[sa.ColumnElement[Any]]:
    columns = (event.c.occurred, event.c.id)
    if asked.order is EventOrder.DESC:
        return [column.desc() for column in columns]
    return [column.asc() for column in columns]


def _event(row: sa.RowMapping) -> ReceivedEvent:
    return ReceivedEvent.model_validate(dict(row))
