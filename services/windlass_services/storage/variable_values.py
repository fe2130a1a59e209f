"""The values of variables, by their names."""

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.schemas.base import JsonValue
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import variable


async def read_variable_values(
    connection: AsyncConnection, scope: Scope, names: Collection[str]
) -> dict[str, JsonValue]:
    """The values of those variables that exist."""
    if not names:
        return {}
    rows = await connection.execute(
        sa.select(variable.c.name, variable.c.value).where(
            variable.c.workspace_id == scope.workspace_id, variable.c.name.in_(names)
        )
    )
    return {name: value for name, value in rows}
