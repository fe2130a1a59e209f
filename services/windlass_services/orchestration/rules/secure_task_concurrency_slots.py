"""No more running tasks with a tag than its limit allows."""

from windlass.schemas.states import StateType
from windlass_services.orchestration.state_sets import FROM_ANY
from windlass_services.orchestration.transition import Abort, Proceed, TaskRunChange, Verdict, Wait


class SecureTaskConcurrencySlots:
    """A slot of every limited tag of the run, or none. A limit of 0 is never waited for."""

    from_ = FROM_ANY
    to = frozenset({StateType.RUNNING})

    def decide(self, change: TaskRunChange) -> Verdict:
        limits = change.run.tag_limits
        for tag in change.run.tags:
            if limits.get(tag) == 0:
                return Abort(f"The concurrency limit of the tag {tag!r} is 0.")
        for tag in change.run.tags:
            if tag in limits and change.run.tag_slots_taken.get(tag, 0) >= limits[tag]:
                reason = f"The limit of {limits[tag]} running tasks tagged {tag!r} is reached."
                return Wait(change.terms.tag_slot_wait, reason)
        return Proceed(change.proposed)
