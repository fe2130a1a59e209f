"""Values that are made once for a workspace and kept in the database, such as keys."""

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.ids import uuid7
from windlass.schemas.base import JsonObject
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import configuration
from windlass_services.storage.upserts import insert_into


async def read_value(connection: AsyncConnection, scope: Scope, key: str) -> JsonObject | None:
    """The value of this key; None as long as it was not made."""
    found = await connection.execute(
        sa.select(configuration.c.value).where(
            configuration.c.workspace_id == scope.workspace_id, configuration.c.key == key
        )
    )
    return found.scalar_one_or_none()


async def find_or_create_value(
    connection: AsyncConnection,
    scope: Scope,
    key: str,
    make: Callable[[], JsonObject],
    *,
    now: datetime,
) -> JsonObject:
    """The value of this key, made if there is none. Two at once get the same one."""
    if (found := await read_value(connection, scope, key)) is not None:
        return found
    await connection.execute(
        insert_into(connection, configuration)
        .values(
            id=uuid7(),
            workspace_id=scope.workspace_id,
            key=key,
            value=make(),
            created=now,
            updated=now,
        )
        .on_conflict_do_nothing(index_elements=["workspace_id", "key"])
    )
    made = await read_value(connection, scope, key)
    assert made is not None
    return made
