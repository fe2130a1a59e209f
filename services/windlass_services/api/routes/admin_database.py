"""The database as a whole, emptied or made anew: each only when it is confirmed."""

from typing import Annotated

from starlette.responses import Response

from windlass.schemas.admin import DatabaseChange
from windlass_services.api.context import InContext
from windlass_services.api.declaring import Body, Routes
from windlass_services.storage.clearing import clear_database
from windlass_services.storage.schema import drop_tables, upgrade_connection

router = Routes(prefix="/admin/database", tags=["Admin"])

Confirmation = Annotated[DatabaseChange | None, Body()]


@router.post("/clear", status_code=204)
async def clear(context: InContext, asked: Confirmation = None) -> Response:
    """Delete everything that users and runs made. 400 unless `confirm` is true."""
    if asked is None or not asked.confirm:
        return Response(status_code=400)
    async with context.database.write() as connection:
        await clear_database(connection)
    return Response(status_code=204)


@router.post("/drop", status_code=204)
async def drop(context: InContext, asked: Confirmation = None) -> Response:
    """Drop every table: until they are made anew, nothing works. 400 as above."""
    if asked is None or not asked.confirm:
        return Response(status_code=400)
    async with context.database.write() as connection:
        await drop_tables(connection)
    return Response(status_code=204)


@router.post("/create", status_code=204)
async def create(context: InContext, asked: Confirmation = None) -> Response:
    """Make the tables that are missing. 400 as above."""
    if asked is None or not asked.confirm:
        return Response(status_code=400)
    async with context.database.write() as connection:
        await upgrade_connection(connection)
    return Response(status_code=204)
