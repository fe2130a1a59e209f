"""Slots of concurrency limits: taken, held by leases, given back."""

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Final
from uuid import UUID

from starlette.responses import Response

from windlass.exceptions import LeaseLost, SlotsTaken
from windlass.ids import uuid7
from windlass.schemas.concurrency_limits import (
    ConcurrencyLimitWithLeaseResponse,
    LeaseRenewal,
    LeaseToRelease,
    MinimalConcurrencyLimitResponse,
    SlotsToLease,
    SlotsToRelease,
    SlotsToTake,
)
from windlass_services.api.answers import answer, answer_list
from windlass_services.api.context import ApiContext, InContext, InScope, WithAuthority
from windlass_services.api.declaring import Body, Routes
from windlass_services.storage import limit_rows, slots
from windlass_services.storage.scope import Scope
from windlass_services.storage.slot_counts import LimitCounts

router = Routes(prefix="/v2/concurrency_limits", tags=["Concurrency Limits V2"])

_SPREAD: Final = 0.2
"""Who was refused at the same moment does not come back at the same moment, and nobody too soon."""


@router.post("/increment", response_model=list[MinimalConcurrencyLimitResponse])
async def take_slots(
    context: InContext, scope: InScope, _: WithAuthority, asked: SlotsToTake
) -> Response:
    """Take slots in all limits or in none, until they are given back or decay."""
    taken = await _take(context, scope, slots.Wanted(asked.names, asked.slots, asked.mode))
    return answer_list(minimal(taken.limits))


@router.post("/increment-with-lease", response_model=ConcurrencyLimitWithLeaseResponse)
async def lease_slots(
    context: InContext, scope: InScope, _: WithAuthority, asked: SlotsToLease
) -> Response:
    """Take slots until they are given back or the lease ends."""
    wanted = slots.Wanted(asked.names, asked.slots, asked.mode)
    taken = await _take(context, scope, wanted, lease=asked)
    return answer(
        ConcurrencyLimitWithLeaseResponse(lease_id=taken.lease_id, limits=minimal(taken.limits))
    )


@router.post("/decrement", response_model=list[MinimalConcurrencyLimitResponse])
async def give_back_slots(context: InContext, scope: InScope, asked: SlotsToRelease) -> Response:
    """Give back slots that no lease holds."""
    async with context.database.write() as connection:
        given = await slots.give_back_slots(
            connection,
            scope,
            asked.names,
            asked.slots,
            now=context.clock(),
            occupied_for=asked.occupancy_seconds,
        )
    return answer_list(minimal(given))


@router.post("/decrement-with-lease", status_code=204)
async def release_lease(context: InContext, scope: InScope, asked: LeaseToRelease) -> None:
    """Give back the slots of a lease; one that is over has given them back already."""
    async with context.database.write() as connection:
        await slots.release_lease(connection, scope, asked.lease_id, now=context.clock())


@router.post("/leases/{lease_id}/renew", status_code=204)
async def renew_lease(
    context: InContext,
    scope: InScope,
    _: WithAuthority,
    lease_id: UUID,
    asked: Annotated[LeaseRenewal | None, Body()] = None,
) -> None:
    """Hold slots for longer; 410 when the lease is over."""
    now = context.clock()
    until = now + timedelta(seconds=(asked or LeaseRenewal()).lease_duration)
    async with context.database.write() as connection:
        is_held = await slots.renew_lease(connection, scope, lease_id, until, now=now)
    if not is_held:
        raise LeaseLost


def minimal(limits: Sequence[LimitCounts]) -> list[MinimalConcurrencyLimitResponse]:
    """Limits as those see them who take or give back slots."""
    return [
        MinimalConcurrencyLimitResponse(id=limit.id, name=limit.name, limit=limit.limit)
        for limit in limits
    ]


async def _take(
    context: ApiContext, scope: Scope, wanted: slots.Wanted, lease: SlotsToLease | None = None
) -> slots.Taken:
    """Raises `SlotsTaken`, which must not undo that the refusal was counted."""
    async with context.database.read() as connection:
        # Most tags of tasks have no limit, and who asks for those must not queue for the writer.
        if not await limit_rows.limits_exist(connection, scope, wanted.names):
            return slots.Taken([], slots.EMPTY_LEASE_ID)
    now = context.clock()
    async with context.database.write() as connection:
        outcome = await slots.take_slots(
            connection,
            scope,
            wanted,
            now=now,
            lease=lease
            and slots.Lease(uuid7(), now + timedelta(seconds=lease.lease_duration), lease.holder),
        )
    if isinstance(outcome, slots.Full):
        most = context.settings.server.concurrency.maximum_concurrency_slot_wait_seconds
        wait = min(outcome.retry_after * random.uniform(1, 1 + _SPREAD), most)
        raise SlotsTaken("Locked: not all of the slots are free.", retry_after=wait)
    return outcome
