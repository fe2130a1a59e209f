"""Log records, listed. They are written by the hot operation."""

from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.schemas.filters.logs import LogFilter
from windlass.schemas.filters.sorting import LogSort
from windlass.schemas.logs import Log
from windlass_services.storage.filters.deleted_runs import not_of_deleted
from windlass_services.storage.filters.logs import where_logs
from windlass_services.storage.paging import Window, in_window
from windlass_services.storage.rows import readable
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import log

_ORDERS: Final = {
    LogSort.TIMESTAMP_ASC: (log.c.timestamp.asc(), log.c.id.asc()),
    LogSort.TIMESTAMP_DESC: (log.c.timestamp.desc(), log.c.id.desc()),
}


async def read_logs(
    connection: AsyncConnection,
    scope: Scope,
    asked: LogFilter | None,
    sort: LogSort,
    window: Window,
) -> list[Log]:
    """One window of the records that match."""
    matching = [log.c.workspace_id == scope.workspace_id, not_of_deleted(log.c.flow_run_id)]
    if asked is not None:
        matching.append(where_logs(asked))
    rows = await connection.execute(
        in_window(sa.select(log).where(*matching).order_by(*_ORDERS[sort]), window)
    )
    return readable("log", rows.mappings(), _log)


async def read_logs_of_flow_run(
    connection: AsyncConnection,
    scope: Scope,
    flow_run_id: UUID,
    *,
    after: Log | None,
    limit: int,
) -> list[Log]:
    """The records of a run that follow `after`, the oldest first."""
    place = sa.tuple_(log.c.timestamp, log.c.id)
    matching = [log.c.workspace_id == scope.workspace_id, log.c.flow_run_id == flow_run_id]
    if after is not None:
        matching += [
            # The index is by time alone.
            log.c.timestamp >= after.timestamp,
            place > sa.tuple_(after.timestamp, after.id, types=[log.c.timestamp.type, sa.Uuid()]),
        ]
    rows = await connection.execute(
        sa.select(log).where(*matching).order_by(log.c.timestamp, log.c.id).limit(limit)
    )
    return readable("log", rows.mappings(), _log)


def _log(row: sa.RowMapping) -> Log:
    return Log.model_validate({**row, "created": row["timestamp"], "updated": row["timestamp"]})
