"""How long runs waited until they were handed out, for the metrics."""

from collections.abc import Iterable
from datetime import datetime

from windlass.schemas.executions import ClaimedRun
from windlass.schemas.orchestration import SetStateStatus
from windlass.schemas.states import State
from windlass_services.runtime.metrics import CLAIM_DATABASE, CLAIM_LATENCY, SCHEDULE_DELAY
from windlass_services.storage.hot.protocol import TransitionOutcome


def note_claim(claimed: Iterable[ClaimedRun], seconds: float) -> None:
    """A claim took so many seconds in the database. One that found nothing says nothing."""
    found = False
    for one in claimed:
        found = True
        state = one.flow_run.state
        if state is not None:
            _note_delay(state)
            CLAIM_LATENCY.observe(_waited(state, since=one.flow_run.created))
    if found:
        CLAIM_DATABASE.observe(seconds)


def note_transition(outcome: TransitionOutcome) -> None:
    """A run that a polling worker made pending was handed out as well."""
    is_new = outcome.decision.status is SetStateStatus.ACCEPT
    if is_new and outcome.state is not None and outcome.state.is_pending():
        _note_delay(outcome.state)


def _note_delay(pending: State) -> None:
    if pending.state_details.scheduled_time is not None:
        SCHEDULE_DELAY.observe(_waited(pending))


def _waited(pending: State, since: datetime | None = None) -> float:
    """Seconds since the run was due, or was there if that was later; 0 before it was due."""
    starts = (moment for moment in (pending.state_details.scheduled_time, since) if moment)
    begun = max(starts, default=pending.timestamp)
    return max((pending.timestamp - begun).total_seconds(), 0)
