"""What becomes of the states that are proposed for task runs the server orchestrates."""

from datetime import timedelta
from typing import Any

import pytest

from tests.unit.orchestration.model import TERMS, ModelTaskRun, task_run_facts
from windlass.ids import uuid7
from windlass.schemas.orchestration import SetStateStatus
from windlass.schemas.state_constructors import (
    Cancelled,
    Completed,
    Crashed,
    Failed,
    Paused,
    Pending,
    Running,
    Scheduled,
)
from windlass.schemas.states import State, StateDetails
from windlass.schemas.task_runs import TaskRunPolicy

ACCEPT, REJECT = SetStateStatus.ACCEPT, SetStateStatus.REJECT
ABORT, WAIT = SetStateStatus.ABORT, SetStateStatus.WAIT


def a_run(*states: State, **facts: Any) -> ModelTaskRun:
    """A run that went through these states, each of them accepted."""
    run = ModelTaskRun(task_run_facts(**facts))
    for state in states:
        assert run.propose(state).status is ACCEPT
    return run


def inside(flow_run: State, count: int = 1) -> dict[str, Any]:
    """The facts of a run in a flow run in this state, at this attempt."""
    return {"flow_run_id": uuid7(), "flow_run_state": flow_run, "flow_run_count": count}


def retried(**policy: Any) -> dict[str, Any]:
    return {"empirical_policy": TaskRunPolicy(**policy).model_dump(mode="json")}


def delay_after(run: ModelTaskRun) -> float:
    """The delay in seconds that a failure is answered with."""
    decision = run.propose(Failed())
    assert decision.state is not None
    due = decision.state.state_details.scheduled_time
    assert due is not None
    return (due - run.now).total_seconds()


def test_a_known_result_is_taken_from_the_cache() -> None:
    known = Completed(data={"v": 1})
    run = ModelTaskRun(task_run_facts(), known_results={"key": known})
    decision = run.propose(Running(state_details=StateDetails(cache_key="key")))
    assert decision.status is REJECT
    assert decision.state is not None
    assert (decision.state.name, decision.state.data) == ("Cached", {"v": 1})
    assert decision.state.id != known.id


def test_a_refresh_passes_the_cache_by() -> None:
    run = ModelTaskRun(task_run_facts(), known_results={"key": Completed()})
    details = StateDetails(cache_key="key", refresh_cache=True)
    assert run.propose(Running(state_details=details)).status is ACCEPT


def test_a_task_does_not_run_in_a_flow_run_that_does_not() -> None:
    assert a_run(Pending(), **inside(Completed())).propose(Running()).status is ABORT


def test_a_task_of_a_paused_flow_run_is_told_to_come_back() -> None:
    decision = a_run(Pending(), **inside(Paused())).propose(Running())
    assert decision.state is not None
    assert (decision.status, decision.state.name) == (REJECT, "NotReady")


def test_a_task_runs_without_a_flow_run() -> None:
    assert a_run(Pending()).propose(Running()).status is ACCEPT


def test_a_task_run_that_ended_begins_anew() -> None:
    run = a_run(Running(), Failed(), Running())
    assert run.facts.run_count == 1
    assert run.facts.state is not None
    assert run.facts.state.name == "Running"


@pytest.mark.parametrize("wanted", [Crashed(), Paused()], ids=lambda state: state.name)
def test_a_task_run_that_ended_neither_crashes_nor_pauses(wanted: State) -> None:
    assert a_run(Running(), Cancelled()).propose(wanted).status is ABORT


def test_a_task_run_with_a_persisted_result_stays_completed() -> None:
    run = a_run(Running(), Completed(data={"storage_key": "x"}))
    assert run.propose(Running()).state is None


def test_deferred_parameters_keep_their_name() -> None:
    stored = uuid7()
    deferred = Scheduled(state_details=StateDetails(task_parameters_id=stored))
    run = a_run(deferred, Pending(), Running())
    assert run.facts.state is not None
    assert run.facts.state.state_details.task_parameters_id == stored


def test_retries_are_spent_one_by_one() -> None:
    run = a_run(Running(), **retried(retries=1))
    first = run.propose(Failed())
    assert first.state is not None
    assert (first.status, first.state.name) == (REJECT, "AwaitingRetry")
    again = run.propose(Running())
    assert again.state is not None
    assert again.state.name == "Retrying"
    assert run.propose(Failed()).status is ACCEPT


def test_each_retry_has_its_own_delay_and_the_last_one_stays() -> None:
    run = a_run(Running(), **retried(retries=5, retry_delay=[1, 4]))
    delays: list[float] = []
    for _ in range(3):
        delays.append(delay_after(run))
        run.propose(Running(), forced=True)
    assert delays == [1, 4, 4]


def test_jitter_lengthens_a_delay_by_less_than_its_factor() -> None:
    runs = [
        a_run(Running(), **retried(retries=1, retry_delay=10, retry_jitter_factor=0.5))
        for _ in range(20)
    ]
    delays = {delay_after(run) for run in runs}
    assert all(10 <= delay <= 15 for delay in delays)
    assert len(delays) > 1


def test_what_is_not_retriable_is_not_retried() -> None:
    run = a_run(Running(), **retried(retries=1))
    final = Failed(state_details=StateDetails(retriable=False))
    assert run.propose(final).status is ACCEPT


def test_a_task_run_that_runs_again_says_so() -> None:
    run = a_run(Running(), Pending(), Running())
    assert run.facts.state is not None
    assert run.facts.state.name == "Rerunning"


def test_a_name_that_was_chosen_is_kept() -> None:
    run = a_run(Running(), Pending(), Running(name="Warm"))
    assert run.facts.state is not None
    assert run.facts.state.name == "Warm"


def test_a_task_run_waits_for_a_slot_of_each_limited_tag() -> None:
    limits: dict[str, Any] = {"tags": ("db", "free"), "tag_limits": {"db": 2}}
    assert a_run(Pending(), **limits).propose(Running()).status is ACCEPT
    full = a_run(Pending(), **limits, tag_slots_taken={"db": 2}).propose(Running())
    assert (full.status, full.state) == (WAIT, None)
    assert full.retry_after == TERMS.tag_slot_wait.total_seconds()


def test_a_tag_with_a_limit_of_zero_is_never_waited_for() -> None:
    run = a_run(Pending(), tags=("db",), tag_limits={"db": 0})
    assert run.propose(Running()).status is ABORT


def test_a_task_run_waits_for_its_time() -> None:
    run = ModelTaskRun(task_run_facts())
    run.propose(Scheduled(run.now + timedelta(minutes=1)))
    assert run.propose(Running()).retry_after == 60


def test_a_task_run_notes_the_attempt_of_its_flow_run() -> None:
    run = a_run(Running(), **inside(Running(), count=3))
    assert run.facts.flow_run_run_count == 3


def test_states_say_which_runs_they_belong_to() -> None:
    run = a_run(Running(), **inside(Running()))
    assert run.facts.state is not None
    details = run.facts.state.state_details
    assert (details.flow_run_id, details.task_run_id) == (run.facts.flow_run_id, run.facts.id)
