"""Automations as their evaluators have them: all that are enabled, and whether they still are."""

from collections.abc import Collection
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.schemas.automations import Automation
from windlass_services.storage.rows import readable
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import automation

Fingerprint: TypeAlias = tuple[int, datetime | None]
"""How many automations are enabled, and when any was changed last: other ones have another."""


async def read_fingerprint(connection: AsyncConnection, scope: Scope) -> Fingerprint:
    """What tells whether the enabled automations are still those that were read."""
    rows = await connection.execute(
        sa.select(
            sa.func.count().filter(automation.c.enabled.is_(True)),
            sa.func.max(automation.c.updated),
        ).where(automation.c.workspace_id == scope.workspace_id)
    )
    count, updated = rows.one()
    return count, updated


async def read_enabled_automations(connection: AsyncConnection, scope: Scope) -> list[Automation]:
    """All of them; one that cannot be read is left out."""
    rows = await connection.execute(
        sa.select(automation).where(
            automation.c.workspace_id == scope.workspace_id, automation.c.enabled.is_(True)
        )
    )
    return readable("automation", rows.mappings(), Automation.model_validate)


async def has_enabled_automations(connection: AsyncConnection) -> bool:
    """Whether there are any, in whatever workspace."""
    enabled = sa.exists().where(automation.c.enabled.is_(True))
    return (await connection.execute(sa.select(enabled))).scalar_one()


async def hold_automations(
    connection: AsyncConnection, scope: Scope, ids: Collection[UUID]
) -> dict[UUID, datetime]:
    """When those that are enabled were changed last; none of them goes before the transaction."""
    rows = await connection.execute(
        sa.select(automation.c.id, automation.c.updated)
        .where(
            automation.c.workspace_id == scope.workspace_id,
            automation.c.id.in_(ids),
            automation.c.enabled.is_(True),
        )
        .order_by(automation.c.id)
        .with_for_update(read=True, key_share=True)
    )
    return {id: updated for id, updated in rows}
