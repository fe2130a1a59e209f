"""The server's own block types, made in the database."""

import logging
from datetime import datetime
from typing import Final

import anyio

from windlass._version import __version__
from windlass.exceptions import ServerBusy
from windlass.schemas.block_fields import block_schema_checksum
from windlass.schemas.blocks import BlockSchemaCreate
from windlass_services.api.collections.block_types import system_blocks
from windlass_services.storage.block_schemas import (
    count_block_schemas,
    find_or_create_block_schema,
)
from windlass_services.storage.block_types import install_block_type
from windlass_services.storage.database import Database
from windlass_services.storage.scope import Scope

_log: Final = logging.getLogger(__name__)


async def install_system_blocks(database: Database, scope: Scope, *, now: datetime) -> None:
    """Make every block type of the server's own with its schema, or bring it up to date."""
    async with database.write() as connection:
        for block in system_blocks():
            type_id = await install_block_type(
                connection, scope, block.type, is_protected=block.is_protected, now=now
            )
            schema = BlockSchemaCreate(
                fields=block.fields,
                block_type_id=type_id,
                capabilities=block.capabilities,
                version=__version__,
            )
            await find_or_create_block_schema(connection, scope, schema, now=now)


async def install_missing_system_blocks(database: Database, scope: Scope, *, now: datetime) -> None:
    """The same where the schema of one is missing, as it is at first and in a newer version.

    Waits for a database that is busy: a server that starts must not die of a slow disk.
    """
    while True:
        try:
            return await _install_missing(database, scope, now)
        except ServerBusy as busy:
            _log.warning("The system blocks are not installed yet: %s", busy)
            await anyio.sleep(busy.retry_after)


async def _install_missing(database: Database, scope: Scope, now: datetime) -> None:
    checksums = {block_schema_checksum(block.fields) for block in system_blocks()}
    async with database.read() as connection:
        there = await count_block_schemas(connection, scope, checksums, __version__)
    if there < len(checksums):
        await install_system_blocks(database, scope, now=now)
