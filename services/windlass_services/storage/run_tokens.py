"""The key that run tokens are signed with, and which executions they may still speak for."""

import secrets
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.schemas.base import JsonObject
from windlass.schemas.executions import parse_execution_id
from windlass_services.storage.configured_values import find_or_create_value
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import execution, flow_run

AFTER_THE_END: Final = timedelta(minutes=10)
"""How long an execution that is over may still report what it did."""

_KEY: Final = "RUN_TOKEN_KEY"
_PART: Final = "hmac_key"
_KEY_BYTES: Final = 32


async def find_or_create_signing_key(
    connection: AsyncConnection, scope: Scope, *, now: datetime
) -> bytes:
    """The key of the workspace, the same for every replica."""
    value = await find_or_create_value(connection, scope, _KEY, _new_key, now=now)
    return bytes.fromhex(value[_PART])


async def may_speak(
    connection: AsyncConnection, scope: Scope, execution_id: str, *, now: datetime
) -> bool:
    """Whether an execution is alive, was until a moment ago, or may be the run's next one."""
    flow_run_id, generation = parse_execution_id(execution_id)
    rows = await connection.execute(
        sa.select(
            flow_run.c.execution_generation, execution.c.id.is_not(None), execution.c.ended_at
        )
        .outerjoin(execution, execution.c.id == execution_id)
        .where(flow_run.c.workspace_id == scope.workspace_id, flow_run.c.id == flow_run_id)
    )
    row = rows.one_or_none()
    if row is None:
        return False
    newest, is_opened, ended_at = row
    if not is_opened:
        return generation > newest
    return ended_at is None or now - ended_at <= AFTER_THE_END


def _new_key() -> JsonObject:
    return {_PART: secrets.token_hex(_KEY_BYTES)}
