"""A deferred task run keeps the name under which its parameters are stored."""

from windlass.schemas.states import StateType
from windlass_services.orchestration.transition import Proceed, TaskRunChange, Verdict


class CopyTaskParametersID:
    """From the state that scheduled it to the one in which it runs."""

    from_ = frozenset[StateType | None]({StateType.SCHEDULED, StateType.PENDING})
    to = frozenset({StateType.PENDING, StateType.RUNNING})

    def decide(self, change: TaskRunChange) -> Verdict:
        assert change.initial is not None
        known = change.initial.state_details.task_parameters_id
        details = change.proposed.state_details
        if known is None or details.task_parameters_id is not None:
            return Proceed(change.proposed)
        details = details.model_copy(update={"task_parameters_id": known})
        return Proceed(change.proposed.model_copy(update={"state_details": details}))
