"""A task run whose result is known does not run."""

from windlass.schemas.states import StateType
from windlass_services.orchestration.state_sets import FROM_ANY
from windlass_services.orchestration.transition import Proceed, Reject, TaskRunChange, Verdict


class CacheRetrieval:
    """It becomes the completed state that is stored under its cache key, by the name Cached."""

    from_ = FROM_ANY
    to = frozenset({StateType.RUNNING})

    def decide(self, change: TaskRunChange) -> Verdict:
        known, wanted = change.run.cached, change.proposed
        if known is None or wanted.state_details.refresh_cache:
            return Proceed(wanted)
        cached = known.model_copy(
            update={"id": wanted.id, "name": "Cached", "timestamp": wanted.timestamp}
        )
        return Reject(cached, "The result is in the cache.")
