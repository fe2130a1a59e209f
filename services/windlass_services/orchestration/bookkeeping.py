"""What a run records beside its state: counts, times, and what the next transition must know.

Functions of a transition whose `proposed` state is the one that will be written.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

from windlass.schemas.state_constructors import AWAITING_CONCURRENCY_SLOT
from windlass.schemas.states import State, StateType
from windlass_services.orchestration.transition import TaskRunChange, Transition
from windlass_services.storage.blocking_reasons import DEPLOYMENT_LIMIT
from windlass_services.storage.hot.facts import FlowRunFacts, Policy, RunColumns
from windlass_services.storage.task_run_transitions import TaskRunColumns, TaskRunFacts


def flow_run_state(change: Transition) -> State:
    """The state as it is written: it says which run it belongs to, and who asked for it.

    A state that a rule put in the place of the proposed one keeps the id of the question, so that
    a repeated question is recognised.
    """
    return _with_details(
        change.proposed,
        {
            "flow_run_id": change.run.id,
            "task_run_id": change.run.parent_task_run_id,
            "transition_id": change.request.proposed.state_details.transition_id,
        },
    )


def task_run_state(change: TaskRunChange) -> State:
    """The state as it is written: it says which runs it belongs to."""
    return _with_details(
        change.proposed,
        {"flow_run_id": change.run.flow_run_id, "task_run_id": change.run.id},
    )


def flow_run_columns(change: Transition) -> RunColumns:
    """The columns of the flow run after the transition."""
    waits_for_slot = change.proposed.name == AWAITING_CONCURRENCY_SLOT
    return RunColumns(
        run_count=_flow_run_count(change),
        expected_start_time=_expected_start_time(change),
        next_scheduled_start_time=_next_scheduled_start_time(change.proposed),
        start_time=_start_time(change),
        end_time=_end_time(change),
        total_run_time=_total_run_time(change),
        empirical_policy=_empirical_policy(change),
        blocking_reason=DEPLOYMENT_LIMIT if waits_for_slot else None,
    )


def task_run_columns(change: TaskRunChange, *, forced: bool) -> TaskRunColumns:
    """The columns of the task run after the transition. A run that begins anew counts anew."""
    starts = change.proposed.is_running()
    begins_anew = _leaves_the_end(change) and not forced
    attempt = change.run.flow_run_count
    return TaskRunColumns(
        run_count=(0 if begins_anew else change.run.run_count) + starts,
        flow_run_run_count=attempt
        if starts and attempt is not None and not forced
        else change.run.flow_run_run_count,
        expected_start_time=_expected_start_time(change),
        next_scheduled_start_time=_next_scheduled_start_time(change.proposed),
        start_time=_start_time(change),
        end_time=_end_time(change),
        total_run_time=_total_run_time(change),
    )


def task_run_tag_slots(change: TaskRunChange, *, forced: bool) -> tuple[str, ...] | None:
    """The tags whose slots the task run holds after the transition; None, if that stays as it is.

    Force takes no slots: nobody made sure that there are any.
    """
    if change.proposed.is_running():
        held = tuple(tag for tag in change.run.tags if tag in change.run.tag_limits)
        return held if held and not forced else None
    was_running = change.initial is not None and change.initial.type in _HOLDING
    return () if was_running and change.proposed.type not in _HOLDING else None


def is_retried_in_process(change: Transition) -> bool:
    """Whether the run failed and its own process will try it again."""
    return change.proposed.is_scheduled() and change.request.proposed.is_failed()


def is_retried_anew(change: Transition) -> bool:
    """Whether the run crashed and is dispatched again, as its policy for that says."""
    return change.proposed.is_scheduled() and change.request.proposed.is_crashed()


def infrastructure_retries_of(run: FlowRunFacts) -> int:
    """How often the run was dispatched anew since somebody last asked for it."""
    return run.empirical_policy.get(_INFRASTRUCTURE_RETRIES) or 0


def lost_attempts_of(run: FlowRunFacts) -> int:
    """How many of the attempts that `run_count` counts ended with their infrastructure."""
    return run.empirical_policy.get(_LOST_ATTEMPTS) or 0


_INFRASTRUCTURE_RETRIES: Final = "infrastructure_retries"
_LOST_ATTEMPTS: Final = "lost_attempts"
_HOLDING: Final = frozenset({StateType.RUNNING, StateType.CANCELLING})


class _Change(Protocol):
    @property
    def run(self) -> FlowRunFacts | TaskRunFacts: ...
    @property
    def initial(self) -> State | None: ...
    @property
    def proposed(self) -> State: ...


def _with_details(state: State, known: Mapping[str, UUID | None]) -> State:
    changes = {name: value for name, value in known.items() if value is not None}
    details = state.state_details.model_copy(update=changes)
    return state.model_copy(update={"state_details": details})


def _flow_run_count(change: Transition) -> int:
    """How often user code began. The end of a pause is no beginning."""
    resumed = change.initial is not None and change.initial.is_paused()
    if not change.proposed.is_running() or resumed or change.run.empirical_policy.get("resuming"):
        return change.run.run_count
    return change.run.run_count + 1


def _expected_start_time(change: _Change) -> datetime:
    state = change.proposed
    due = state.state_details.scheduled_time or state.timestamp
    return change.run.expected_start_time or due


def _next_scheduled_start_time(state: State) -> datetime | None:
    return state.state_details.scheduled_time if state.is_scheduled() else None


def _start_time(change: _Change) -> datetime | None:
    if change.run.start_time is None and change.proposed.is_running():
        return change.proposed.timestamp
    return change.run.start_time


def _end_time(change: _Change) -> datetime | None:
    """When the run ended, if it ever began: the first final state says so."""
    if not change.proposed.is_final() or change.run.start_time is None:
        return None
    return change.run.end_time or change.proposed.timestamp


def _total_run_time(change: _Change) -> float:
    if change.initial is None or not change.initial.is_running():
        return change.run.total_run_time
    ran = (change.proposed.timestamp - change.initial.timestamp).total_seconds()
    return change.run.total_run_time + max(ran, 0)


def _leaves_the_end(change: _Change) -> bool:
    ended = change.initial is not None and change.initial.is_final()
    return ended and not change.proposed.is_final()


def _empirical_policy(change: Transition) -> Mapping[str, Any]:
    """The run's policy with what pauses and retries remember in it. Force remembers nothing."""
    policy = dict(change.run.empirical_policy)
    if policy.get("resuming") and (change.proposed.is_running() or change.proposed.is_final()):
        policy["resuming"] = False
    if is_retried_anew(change):
        began = change.run.execution is not None and change.run.execution.presented_at is not None
        policy[_INFRASTRUCTURE_RETRIES] = infrastructure_retries_of(change.run) + 1
        policy[_LOST_ATTEMPTS] = lost_attempts_of(change.run) + began
    elif _leaves_the_end(change) and infrastructure_retries_of(change.run):
        policy |= {_INFRASTRUCTURE_RETRIES: 0, _LOST_ATTEMPTS: 0}
    if change.request.policy is Policy.CORE:
        policy |= _remembered(change, policy)
    return policy


def _remembered(change: Transition, policy: Mapping[str, Any]) -> dict[str, Any]:
    state = change.proposed
    if state.is_paused():
        key = state.state_details.pause_key or str(state.id)
        return {"pause_keys": sorted({*(policy.get("pause_keys") or ()), key})}
    if is_retried_in_process(change):
        return {"retry_type": "in_process", "pause_keys": [], "resuming": False}
    if _leaves_the_end(change):
        anew: dict[str, Any] = {"pause_keys": [], "resuming": False}
        return anew | ({"retry_type": "reschedule"} if state.is_scheduled() else {})
    if state.is_scheduled() and change.initial is not None and change.initial.is_paused():
        return {"resuming": True}
    if state.is_failed() and change.initial is not None and change.initial.is_running():
        return {"retry_type": None}
    return {}
