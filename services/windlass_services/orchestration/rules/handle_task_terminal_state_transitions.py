"""What may follow a final state of a task run."""

from windlass.schemas.states import StateType
from windlass_services.orchestration.results import has_persisted_result
from windlass_services.orchestration.state_sets import FROM_FINAL, TO_ANY
from windlass_services.orchestration.transition import (
    Abort,
    Proceed,
    Reject,
    TaskRunChange,
    Verdict,
)

_NEVER_AFTER_THE_END = frozenset({StateType.CANCELLING, StateType.PAUSED, StateType.CRASHED})


class HandleTaskTerminalStateTransitions:
    """It runs again with its flow run, with all of its retries, unless its result is persisted."""

    from_ = FROM_FINAL
    to = TO_ANY

    def decide(self, change: TaskRunChange) -> Verdict:
        assert change.initial is not None
        ended, wanted = change.initial, change.proposed
        if wanted.type in _NEVER_AFTER_THE_END:
            return Abort(f"The run is {ended.name} already and cannot become {wanted.name}.")
        if has_persisted_result(ended):
            return Reject(None, "The run completed and its result was persisted.")
        return Proceed(wanted)
