"""Concurrency limits: by name or by tag, their slots, and the leases that hold them."""

from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from pydantic import ConfigDict, Field

from windlass.schemas.base import Shape, Stored
from windlass.schemas.fields import NotNegative, ObjectName, Positive

Slots: TypeAlias = Positive
LeaseDuration: TypeAlias = Annotated[float, Field(ge=60, le=86_400)]
"""Seconds for which slots are held without a renewal."""
Rate: TypeAlias = Annotated[float, Field(ge=0)]
"""Slots that free themselves in a second; 0 means none."""
SlotMode: TypeAlias = Literal["concurrency", "rate_limit"]
"""Whether slots are held until they are given back, or free themselves."""


class ConcurrencyLimitV2Create(Shape):
    """A limit to create."""

    active: bool = True
    name: ObjectName
    limit: NotNegative
    active_slots: NotNegative = 0
    denied_slots: NotNegative = 0
    slot_decay_per_second: Rate = 0


class ConcurrencyLimitV2Update(Shape):
    """What to change of a limit: only the fields that are set (`model_fields_set`).

    `active_slots` repairs what is occupied: leases that do not fit into it end.
    """

    active: bool | None = None
    name: ObjectName | None = None
    limit: NotNegative | None = None
    active_slots: NotNegative | None = None
    denied_slots: NotNegative | None = None
    slot_decay_per_second: Rate | None = None


class ConcurrencyLimitV2(Stored):
    """A limit as it was made. An inactive one holds nobody back."""

    active: bool = True
    name: ObjectName
    limit: int
    active_slots: int = 0
    denied_slots: int = 0
    slot_decay_per_second: float = 0
    avg_slot_occupancy_seconds: float = 2.0


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
    names: Annotated[list[str], Field(json_schema_extra={"min_items": 1})]
    mode: SlotMode = "concurrency"
    create_if_missing: Annotated[bool | None, Field(deprecated=True)] = None


class SlotsToLease(Shape):
    """Slots to take until they are given back or the lease ends."""

    slots: Slots
    names: Annotated[list[str], Field(json_schema_extra={"min_items": 1})]
    mode: SlotMode = "concurrency"
    lease_duration: LeaseDuration = 300
    holder: ConcurrencyLeaseHolder | None = None


class SlotsToRelease(Shape):
    """Slots to give back that no lease holds, in every limit of these names.

    `occupancy_seconds` is how long they were held.
    """

    slots: Slots
    names: Annotated[list[str], Field(json_schema_extra={"min_items": 1})]
    occupancy_seconds: Annotated[float, Field(gt=0)] | None = None
    create_if_missing: Annotated[bool, Field(deprecated=True)] = True


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


class ConcurrencyLimitCreate(Shape):
    """The limit of a tag, to create or to change."""

    tag: str
    concurrency_limit: NotNegative


class ConcurrencyLimit(Stored):
    """The limit of a tag. `active_slots` are the task runs that hold its slots."""

    tag: str
    concurrency_limit: int
    active_slots: list[UUID] = Field(default_factory=list[UUID])


class TagSlots(Shape):
    """Slots of one task run to take or to give back, in the limits of these tags."""

    names: list[str]
    task_run_id: UUID


class TagLimitReset(Shape):
    """Task runs that hold the slots of a tag from now on; none if there are none."""

    slot_override: list[UUID] | None = None


GlobalConcurrencyLimit = GlobalConcurrencyLimitResponse
GlobalConcurrencyLimitCreate = ConcurrencyLimitV2Create
GlobalConcurrencyLimitUpdate = ConcurrencyLimitV2Update
