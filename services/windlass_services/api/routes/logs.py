"""Log records of runs."""

from typing import Annotated

from starlette.responses import Response

from windlass.ids import uuid7
from windlass.schemas.filters.logs import LogQuery
from windlass.schemas.logs import Log, LogCreate
from windlass_services.api.answers import answer_list
from windlass_services.api.context import InContext, InScope
from windlass_services.api.declaring import Body, Routes
from windlass_services.api.live_logs import announce_logs
from windlass_services.api.windows import window_of
from windlass_services.events.rows import partition_day
from windlass_services.storage import logs
from windlass_services.storage.hot.protocol import LogRow

router = Routes(prefix="/logs", tags=["Logs"])


@router.post("/", status_code=201)
async def create_logs(context: InContext, scope: InScope, records: list[LogCreate]) -> None:
    """Store records; what is answered is stored. One that is there already, by its id, is not."""
    now = context.clock()
    rows = [
        LogRow(
            day=partition_day(record.timestamp, now),
            id=record.id or uuid7(),
            name=record.name,
            level=record.level,
            message=record.message,
            timestamp=record.timestamp,
            flow_run_id=record.flow_run_id,
            task_run_id=record.task_run_id,
            worker_id=None,
        )
        for record in records
    ]
    await context.database.hot.insert_logs(scope, rows)
    await announce_logs(context.streams, rows)


@router.post("/filter", response_model=list[Log])
async def read_logs(
    context: InContext, scope: InScope, query: Annotated[LogQuery | None, Body()] = None
) -> Response:
    """Records that match, in the order asked for."""
    query = query or LogQuery()
    window = window_of(context, query.limit, query.offset)
    async with context.database.read() as connection:
        found = await logs.read_logs(connection, scope, query.logs, query.sort, window)
    return answer_list(found)
