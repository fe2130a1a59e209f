"""History: how many runs were in which state, interval by interval."""

from windlass.schemas.base import Shape, Timestamp
from windlass.schemas.fields import Duration
from windlass.schemas.states import StateType


class HistoryResponseState(Shape):
    """The runs of one interval that are in one state.

    The sums are over these runs: of how long they ran, and of how late they started.
    """

    state_type: StateType
    state_name: str
    count_runs: int
    sum_estimated_run_time: Duration
    sum_estimated_lateness: Duration


class HistoryResponse(Shape):
    """One interval: from its start up to its end, which is the start of the next."""

    interval_start: Timestamp
    interval_end: Timestamp
    states: list[HistoryResponseState]
