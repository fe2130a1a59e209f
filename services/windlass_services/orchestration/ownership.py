"""Who may act for a flow run after a transition, and whether it may be handed to a worker.

Functions of a transition whose `proposed` state is the one that will be written.
"""

from datetime import datetime

from windlass.schemas.state_constructors import AWAITING_CONCURRENCY_SLOT
from windlass.schemas.states import StateType
from windlass_services.orchestration.bookkeeping import is_retried_anew, is_retried_in_process
from windlass_services.orchestration.transition import Transition
from windlass_services.storage.hot.facts import (
    Dispatch,
    EndExecution,
    ExecutionFacts,
    ExecutionWrite,
    OpenExecution,
    Policy,
    PresentExecution,
    Withdraw,
)


def execution_write(change: Transition) -> ExecutionWrite | None:
    """What becomes of the run's execution.

    A run that is only made, PENDING, was taken by nobody yet.
    """
    match change.proposed.type:
        case StateType.PENDING if change.initial is not None:
            return _opened(change, presented=False)
        case StateType.RUNNING:
            return _started(change)
        case _ if _live_execution(change) is not None and _ends_execution(change):
            return EndExecution(change.now, _name_of_end(change), _time_to_stop(change))
        case _:
            return None


def dispatch_write(change: Transition) -> Dispatch | Withdraw | None:
    """Whether a worker may be given the run: while it is scheduled and no execution is alive."""
    run = change.run
    if run.work_pool_id is None or run.work_queue_id is None:
        return None
    if change.proposed.is_scheduled():
        return _dispatched(change)
    return Withdraw() if change.from_type is StateType.SCHEDULED else None


def _name_of_end(change: Transition) -> str:
    ended = change.request.proposed if is_retried_anew(change) else change.proposed
    return ended.name


def _time_to_stop(change: Transition) -> datetime | None:
    """Who is suspended by somebody else hears of it when its lease is renewed."""
    execution = change.run.execution
    if not change.proposed.is_paused() or execution is None:
        return None
    speaks_for_itself = change.request.execution_id == execution.id
    return None if speaks_for_itself else change.now + change.terms.cancel_deadline


def _live_execution(change: Transition) -> ExecutionFacts | None:
    execution = change.run.execution
    return execution if execution is not None and execution.is_live else None


def _ends_execution(change: Transition) -> bool:
    state = change.proposed
    if state.is_scheduled():
        return not _goes_on_by_itself(change)
    return state.is_final() or (state.is_paused() and state.state_details.pause_reschedule)


def _goes_on_by_itself(change: Transition) -> bool:
    """Nothing about who runs it changes: it is only late, or its process will try it again."""
    if change.request.policy is Policy.LATE:
        return True
    return is_retried_in_process(change) and _live_execution(change) is not None


def _started(change: Transition) -> ExecutionWrite | None:
    execution = _live_execution(change)
    if execution is None:
        return _opened(change, presented=True)
    if execution.presented_at is None:
        leased = change.request.leased
        expires = change.now + change.terms.lease if leased else None
        return PresentExecution(change.now, leased, expires)
    return None


def _opened(change: Transition, *, presented: bool) -> OpenExecution:
    leased = presented and change.request.leased
    usual = change.terms.start_deadline
    return OpenExecution(
        opened_at=change.now,
        start_deadline=None if presented else change.now + change.run.time_to_start(usual),
        presented=presented,
        leased=leased,
        lease_expires_at=change.now + change.terms.lease if leased else None,
    )


def _dispatched(change: Transition) -> Dispatch | None:
    if _goes_on_by_itself(change):
        return None
    due = change.proposed.state_details.scheduled_time or change.now
    waits = change.proposed.name == AWAITING_CONCURRENCY_SLOT
    return Dispatch(due, waits_for_slot=waits and change.run.deployment_id is not None)
