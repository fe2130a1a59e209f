"""Slots in global concurrency limits. There are no limits yet, so nobody is held back.

Clients ask before every task run that has tags, and for every `concurrency` and `rate_limit`. An
answer without limits tells them that no name they gave is limited; `strict` then raises there.
"""

from uuid import UUID

from fastapi import APIRouter, Response

from windlass.ids import uuid7
from windlass.schemas.concurrency_limits import (
    ConcurrencyLimitWithLeaseResponse,
    LeaseRenewal,
    LeaseToRelease,
    MinimalConcurrencyLimitResponse,
    SlotsToLease,
    SlotsToTake,
)
from windlass_services.api.answers import answer

router = APIRouter(prefix="/v2/concurrency_limits", tags=["Concurrency Limits V2"])


@router.post("/increment")
async def take_slots(asked: SlotsToTake) -> list[MinimalConcurrencyLimitResponse]:
    """Take slots, and return the limits in which they were taken."""
    del asked
    return []


@router.post("/increment-with-lease", response_model=ConcurrencyLimitWithLeaseResponse)
async def lease_slots(asked: SlotsToLease) -> Response:
    """Take slots until they are given back or the lease ends."""
    del asked
    return answer(ConcurrencyLimitWithLeaseResponse(lease_id=uuid7(), limits=[]))


@router.post("/leases/{lease_id}/renew", status_code=204)
async def renew_lease(lease_id: UUID, asked: LeaseRenewal | None = None) -> None:
    """Hold slots for longer. Who holds none has nothing to lose."""
    del lease_id, asked


@router.post("/decrement-with-lease", status_code=204)
async def release_lease(asked: LeaseToRelease) -> None:
    """Give back the slots of a lease; one that has none is given back already."""
    del asked
