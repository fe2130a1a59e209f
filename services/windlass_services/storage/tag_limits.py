"""Concurrency limits of tags: those by the name `tag:<tag>`, with the task runs that hold slots."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.schemas.concurrency_limits import (
    ConcurrencyLimit,
    ConcurrencyLimitCreate,
    ConcurrencyLimitV2Create,
    ConcurrencyLimitV2Update,
)
from windlass_services.storage.concurrency_limits import (
    LimitKey,
    counted_limits,
    delete_limit,
    new_limit_row,
    update_limit,
)
from windlass_services.storage.limit_rows import (
    TAG_PREFIX,
    lock_limit,
    tag_limit_name,
    write_counts,
)
from windlass_services.storage.paging import Window
from windlass_services.storage.scope import Scope
from windlass_services.storage.slot_counts import LimitCounts
from windlass_services.storage.slots import hold
from windlass_services.storage.tables import concurrency_limit, slot_lease
from windlass_services.storage.tag_slots import task_run_lease
from windlass_services.storage.upserts import insert_into


async def set_tag_limit(
    connection: AsyncConnection, scope: Scope, wanted: ConcurrencyLimitCreate, *, now: datetime
) -> tuple[ConcurrencyLimit, bool]:
    """Make or change the limit of a tag; also whether it was made now."""
    key = LimitKey.of_tag(wanted.tag)
    # The name of a tag's limit may have characters that no other limit's may.
    new = ConcurrencyLimitV2Create.model_construct(
        name=tag_limit_name(wanted.tag), limit=wanted.concurrency_limit
    )
    insert = insert_into(connection, concurrency_limit).values(new_limit_row(scope, new, now))
    made = await connection.execute(
        insert.on_conflict_do_nothing().returning(concurrency_limit.c.id)
    )
    is_new = made.scalar_one_or_none() is not None
    if not is_new:
        update = ConcurrencyLimitV2Update.model_construct(limit=wanted.concurrency_limit)
        await update_limit(connection, scope, key, update, now=now)
    return await read_tag_limit(connection, scope, key, now=now), is_new


async def read_tag_limit(
    connection: AsyncConnection, scope: Scope, key: LimitKey, *, now: datetime
) -> ConcurrencyLimit:
    """The limit of a tag, with the task runs that hold its slots. Raises `ObjectNotFound`."""
    found = await counted_limits(connection, sa.and_(key.clause(scope), _IS_OF_TAG), Window(1), now)
    if not found:
        raise key.missing()
    return (await _tag_limits(connection, found, now))[0]


async def read_tag_limits(
    connection: AsyncConnection, scope: Scope, window: Window, *, now: datetime
) -> list[ConcurrencyLimit]:
    """One window of the limits of tags, by tag."""
    clause = sa.and_(concurrency_limit.c.workspace_id == scope.workspace_id, _IS_OF_TAG)
    return await _tag_limits(connection, await counted_limits(connection, clause, window, now), now)


async def reset_tag_limit(
    connection: AsyncConnection, scope: Scope, tag: str, holders: Sequence[UUID], *, now: datetime
) -> None:
    """Let these task runs hold the slots of a tag, and nobody else. Raises `ObjectNotFound`."""
    key = LimitKey.of_tag(tag)
    limit = await lock_limit(connection, key.clause(scope), now=now)
    if limit is None:
        raise key.missing()
    is_its = slot_lease.c.concurrency_limit_id == limit.id
    await connection.execute(sa.delete(slot_lease).where(is_its))
    await write_counts(connection, [limit], [limit.given_back(limit.active_slots)])
    for holder in dict.fromkeys(holders):
        lease = task_run_lease(holder, now)
        await hold(connection, scope, lease, [limit], slots=1, now=now)


async def delete_tag_limit(
    connection: AsyncConnection, scope: Scope, key: LimitKey, *, now: datetime
) -> None:
    """Delete the limit of a tag with its leases. Raises `ObjectNotFound`."""
    await read_tag_limit(connection, scope, key, now=now)
    await delete_limit(connection, scope, key, now=now)


async def _tag_limits(
    connection: AsyncConnection,
    found: Sequence[tuple[sa.RowMapping, LimitCounts]],
    now: datetime,
) -> list[ConcurrencyLimit]:
    held = await connection.execute(
        sa.select(slot_lease.c.concurrency_limit_id, slot_lease.c.holder)
        .where(
            slot_lease.c.concurrency_limit_id.in_([limit.id for _, limit in found]),
            slot_lease.c.expires_at > now,
        )
        .order_by(slot_lease.c.acquired_at, slot_lease.c.id)
    )
    holders: dict[UUID, list[UUID]] = {limit.id: [] for _, limit in found}
    for limit_id, holder in held.all():
        if holder is not None and holder["type"] == "task_run":
            holders[limit_id].append(UUID(holder["id"]))
    return [
        ConcurrencyLimit(
            id=limit.id,
            created=row["created"],
            updated=row["updated"],
            tag=limit.name.removeprefix(TAG_PREFIX),
            concurrency_limit=limit.limit,
            active_slots=holders[limit.id],
        )
        for row, limit in found
    ]


_IS_OF_TAG: Final = concurrency_limit.c.name.startswith(TAG_PREFIX, autoescape=True)
