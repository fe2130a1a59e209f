"""A run does not start before its time."""

from datetime import timedelta

from windlass.schemas.states import StateType
from windlass_services.orchestration.transition import (
    Proceed,
    TaskRunChange,
    Transition,
    Verdict,
    Wait,
)


class WaitForScheduledTime:
    """By the clock of the server. The delay is told in whole seconds; under half of one is none."""

    from_ = frozenset[StateType | None]({StateType.SCHEDULED, StateType.PENDING})
    to = frozenset({StateType.RUNNING})

    def decide(self, change: Transition | TaskRunChange) -> Verdict:
        assert change.initial is not None
        due = change.initial.state_details.scheduled_time
        seconds = round((due - change.now).total_seconds()) if due else 0
        if seconds <= 0:
            return Proceed(change.proposed)
        return Wait(timedelta(seconds=seconds), "The scheduled time has not come yet.")
