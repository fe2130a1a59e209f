"""A run that is taken keeps the time it was scheduled for."""

from windlass.schemas.states import StateType
from windlass_services.orchestration.transition import (
    Proceed,
    TaskRunChange,
    Transition,
    Verdict,
)


class CopyScheduledTime:
    """So that it can be waited for, or restored; the new state may bring a time of its own."""

    from_ = frozenset[StateType | None]({StateType.SCHEDULED})
    to = frozenset({StateType.PENDING})

    def decide(self, change: Transition | TaskRunChange) -> Verdict:
        assert change.initial is not None
        taken = change.proposed
        if taken.state_details.scheduled_time is not None:
            return Proceed(taken)
        time = change.initial.state_details.scheduled_time
        details = taken.state_details.model_copy(update={"scheduled_time": time})
        return Proceed(taken.model_copy(update={"state_details": details}))
