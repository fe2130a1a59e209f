"""Which runs hold the slots of work pools and work queues."""

from typing import Annotated, TypeAlias
from uuid import UUID

from pydantic import Field

from windlass.schemas.base import Shape, Timestamp
from windlass.schemas.fields import Limit, Page
from windlass.schemas.filters.criteria import Paged
from windlass.schemas.states import StateType

FlowRunLimit: TypeAlias = Annotated[int, Field(ge=0, le=200)]
"""How many runs are shown of one queue."""


class FlowRunSlotSummary(Shape):
    """A run that holds a slot. `time_in_current_state` is in seconds."""

    id: UUID
    name: str
    state_type: StateType | None = None
    state_name: str | None = None
    start_time: Timestamp | None = None
    state_timestamp: Timestamp | None = None
    time_in_current_state: float | None = None


class WorkQueueConcurrencyStatusDetail(Shape):
    """The slots of one queue of a pool: `flow_run_count` runs hold them, the first are shown."""

    queue_id: UUID
    queue_name: str
    active_slots: int
    concurrency_limit: Limit | None = None
    flow_runs: list[FlowRunSlotSummary] = Field(default_factory=list[FlowRunSlotSummary])
    flow_run_count: int | None = None


class WorkPoolConcurrencyStatus(Page):
    """The slots of a pool, and one page of its queues."""

    active_slots: int
    concurrency_limit: Limit | None = None
    queues: list[WorkQueueConcurrencyStatusDetail] = Field(
        default_factory=list[WorkQueueConcurrencyStatusDetail]
    )


class WorkQueueConcurrencyStatus(Page):
    """The slots of a queue, and one page of the runs that hold them."""

    active_slots: int
    concurrency_limit: Limit | None = None
    flow_runs: list[FlowRunSlotSummary] = Field(default_factory=list[FlowRunSlotSummary])


class WorkQueueConcurrencyQuery(Paged):
    """Which page of the runs that hold slots of a queue."""


class WorkPoolConcurrencyQuery(Paged):
    """Which page of the queues of a pool, and how many runs of each."""

    flow_run_limit: FlowRunLimit = 10
