"""The logs of a flow run as a file to keep."""

import csv
import io
import re
from collections.abc import AsyncGenerator
from uuid import UUID

from starlette.responses import StreamingResponse

from windlass.schemas.logs import Log
from windlass_services.api.context import ApiContext, InContext, InScope
from windlass_services.api.declaring import Routes
from windlass_services.storage.flow_runs import read_flow_run
from windlass_services.storage.logs import read_logs_of_flow_run
from windlass_services.storage.scope import Scope

router = Routes(prefix="/flow_runs", tags=["Flow Runs"])

_COLUMNS = ("timestamp", "level", "flow_run_id", "task_run_id", "message")
_AT_ONCE = 1_000
_NOT_IN_A_FILE_NAME = re.compile(r"[^A-Za-z0-9._-]")


@router.get("/{id}/logs/download")
async def download_logs(context: InContext, scope: InScope, id: UUID) -> StreamingResponse:
    """Every record of a run as CSV, the oldest first, sent as it is read."""
    async with context.database.read() as connection:
        run = await read_flow_run(connection, scope, id, now=context.clock())
    return StreamingResponse(
        _rows(context, scope, id),
        media_type="text/csv",
        headers={"Content-Disposition": f"attachment; filename={_plain(run.name)}-logs.csv"},
    )


async def _rows(context: ApiContext, scope: Scope, flow_run_id: UUID) -> AsyncGenerator[str]:
    """Page by page, each over a connection of its own: whoever reads slowly holds none."""
    heading: tuple[str, ...] | None = _COLUMNS
    last: Log | None = None
    while True:
        async with context.database.read() as connection:
            page = await read_logs_of_flow_run(
                connection, scope, flow_run_id, after=last, limit=_AT_ONCE
            )
        if not page:
            return
        yield _csv(page, heading)
        heading, last = None, page[-1]


def _csv(records: list[Log], heading: tuple[str, ...] | None) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    if heading is not None:
        writer.writerow(heading)
    writer.writerows([getattr(record, name) for name in _COLUMNS] for record in records)
    return text.getvalue()


def _plain(name: str) -> str:
    return _NOT_IN_A_FILE_NAME.sub("-", name)
