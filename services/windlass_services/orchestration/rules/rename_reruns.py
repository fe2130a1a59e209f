"""A task run that runs again says so by its name."""

from windlass.schemas.states import StateType, default_name
from windlass_services.orchestration.state_sets import FROM_ANY, FROM_FINAL
from windlass_services.orchestration.transition import Proceed, TaskRunChange, Verdict


class RenameReruns:
    """Retrying after AwaitingRetry, else Rerunning; once it ended it begins anew."""

    from_ = FROM_ANY - FROM_FINAL
    to = frozenset({StateType.RUNNING})

    def decide(self, change: TaskRunChange) -> Verdict:
        again = change.proposed
        if change.run.run_count == 0 or again.name != default_name(again.type):
            return Proceed(again)
        retried = change.initial is not None and change.initial.name == "AwaitingRetry"
        return Proceed(again.model_copy(update={"name": "Retrying" if retried else "Rerunning"}))
