"""Tasks run only inside a flow run that runs."""

from windlass.schemas.state_constructors import Paused
from windlass.schemas.states import StateType
from windlass_services.orchestration.state_sets import FROM_ANY
from windlass_services.orchestration.transition import (
    Abort,
    Proceed,
    Reject,
    TaskRunChange,
    Verdict,
)


class PreventRunningTasksFromStoppedFlows:
    """One of a paused flow run is told to come back later; others must give up."""

    from_ = FROM_ANY
    to = frozenset({StateType.RUNNING})

    def decide(self, change: TaskRunChange) -> Verdict:
        flow_run = change.run.flow_run_state
        if change.run.flow_run_id is None or (flow_run and flow_run.is_running()):
            return Proceed(change.proposed)
        if flow_run is None or not flow_run.is_paused():
            return Abort("The flow run of this task run is not running.")
        not_ready = Paused(id=change.proposed.id, now=change.proposed.timestamp, name="NotReady")
        return Reject(not_ready, "The flow run is paused: its tasks run once it is resumed.")
