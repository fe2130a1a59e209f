"""Tokens against cross-site requests: one for each client, until it expires."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.ids import uuid7
from windlass.schemas.csrf_tokens import CsrfToken
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import csrf_token
from windlass_services.storage.upserts import insert_into


async def put_csrf_token(
    connection: AsyncConnection,
    scope: Scope,
    client: str,
    token: str,
    *,
    now: datetime,
    lifetime: timedelta,
) -> CsrfToken:
    """Give a client a token, in place of the one that it had. Expired ones are removed."""
    await connection.execute(sa.delete(csrf_token).where(csrf_token.c.expires_at < now))
    changed = {"token": token, "expires_at": now + lifetime, "updated": now}
    put = await connection.execute(
        insert_into(connection, csrf_token)
        .values(id=uuid7(), workspace_id=scope.workspace_id, client=client, created=now, **changed)
        .on_conflict_do_update(index_elements=["workspace_id", "client"], set_=changed)
        .returning(csrf_token)
    )
    row = put.mappings().one()
    return CsrfToken(
        id=row["id"],
        created=row["created"],
        updated=row["updated"],
        token=row["token"],
        client=row["client"],
        expiration=row["expires_at"],
    )


async def read_csrf_token(
    connection: AsyncConnection, scope: Scope, client: str, *, now: datetime
) -> str | None:
    """The token that a client has now; None if it has none."""
    rows = await connection.execute(
        sa.select(csrf_token.c.token).where(
            csrf_token.c.workspace_id == scope.workspace_id,
            csrf_token.c.client == client,
            csrf_token.c.expires_at >= now,
        )
    )
    return rows.scalar_one_or_none()
