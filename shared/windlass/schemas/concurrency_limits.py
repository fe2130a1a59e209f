"""Concurrency limits: what takes and gives back slots, and what runs and deployments show."""

from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from pydantic import ConfigDict, Field

from windlass.schemas.base import Shape, Stored

Slots: TypeAlias = Annotated[int, Field(gt=0)]
LeaseDuration: TypeAlias = Annotated[float, Field(ge=60, le=86_400)]
"""Seconds for which slots are held without a renewal."""


class GlobalConcurrencyLimitResponse(Stored):
    """A limit by name. Slots free themselves at `slot_decay_per_second`; 0 means never."""

    active: bool = True
    name: str
    limit: int
    active_slots: int
    slot_decay_per_second: float = 2.0


class MinimalConcurrencyLimitResponse(Shape):
    """A limit in which slots were taken or released."""

    id: UUID
    name: str
    limit: int


class ConcurrencyLeaseHolder(Shape):
    """Who holds slots."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["flow_run", "task_run", "deployment"]
    id: UUID


class SlotsToTake(Shape):
    """Slots to take in every limit of these names; a name without a limit takes none."""

    slots: Slots
    names: list[str]
    mode: Literal["concurrency", "rate_limit"] = "concurrency"
    create_if_missing: bool | None = None


class SlotsToLease(Shape):
    """Slots to take until they are given back or the lease ends."""

    slots: Slots
    names: list[str]
    mode: Literal["concurrency", "rate_limit"] = "concurrency"
    lease_duration: LeaseDuration = 300
    holder: ConcurrencyLeaseHolder | None = None


class ConcurrencyLimitWithLeaseResponse(Shape):
    """The lease under which slots are held, and the limits in which they are."""

    lease_id: UUID
    limits: list[MinimalConcurrencyLimitResponse]


class LeaseRenewal(Shape):
    """How much longer a lease is to last, from now."""

    lease_duration: LeaseDuration = 300


class LeaseToRelease(Shape):
    """A lease to give back with all its slots."""

    lease_id: UUID
