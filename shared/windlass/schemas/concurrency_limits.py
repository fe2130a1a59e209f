"""Concurrency limits, as far as runs and deployments show them."""

from uuid import UUID

from windlass.schemas.base import Shape, Stored


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
