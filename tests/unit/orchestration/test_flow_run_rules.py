"""What becomes of the states that are proposed for flow runs."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.orchestration.model import (
    SOME_DEPLOYMENT,
    TERMS,
    ModelFlowRun,
    deployment_facts,
    flow_run_facts,
)
from windlass.ids import uuid7
from windlass.schemas.executions import execution_id_of
from windlass.schemas.flow_runs import FlowRunPolicy
from windlass.schemas.orchestration import SetStateStatus
from windlass.schemas.state_constructors import (
    Cancelled,
    Cancelling,
    Completed,
    Crashed,
    Failed,
    Late,
    Paused,
    Pending,
    Running,
    Scheduled,
    Suspended,
)
from windlass.schemas.states import State, StateDetails, StateType
from windlass_services.storage.hot.facts import Policy

ACCEPT, REJECT = SetStateStatus.ACCEPT, SetStateStatus.REJECT
ABORT, WAIT = SetStateStatus.ABORT, SetStateStatus.WAIT


def a_run(*states: State, **facts: Any) -> ModelFlowRun:
    """A run that went through these states, each of them accepted."""
    run = ModelFlowRun(flow_run_facts(**facts))
    for state in states:
        assert run.propose(state).status is ACCEPT
    return run


def deployed(**of_deployment: Any) -> dict[str, Any]:
    """The facts of a run of a deployment."""
    return {
        "deployment_id": SOME_DEPLOYMENT,
        "deployment": deployment_facts(**of_deployment),
    }


def full(**of_deployment: Any) -> dict[str, Any]:
    return deployed(concurrency_limit=1, live_executions=1, **of_deployment)


def retried(times: int, delay: float = 0) -> dict[str, Any]:
    policy = FlowRunPolicy(retries=times, retry_delay=delay)
    return {"empirical_policy": policy.model_dump(mode="json")}


def asking_as(state: State, transition_id: object) -> State:
    details = state.state_details.model_copy(update={"transition_id": transition_id})
    return state.model_copy(update={"state_details": details})


def test_a_transition_that_was_made_is_not_made_again() -> None:
    question = asking_as(Running(), uuid7())
    run = a_run(Pending(), question)
    again = run.propose(question)
    assert (again.status, again.state) == (REJECT, None)
    assert run.facts.run_count == 1


def test_a_lost_reply_is_found_again_even_when_another_state_was_written() -> None:
    run = a_run(Pending(), Running(), **retried(1))
    question = asking_as(Failed(), uuid7())
    first = run.propose(question)
    assert first.state is not None
    assert first.state.name == "AwaitingRetry"
    assert run.propose(question).state is None
    assert run.facts.state == first.state


def test_an_execution_that_is_over_cannot_change_its_run() -> None:
    run = a_run(Scheduled(), Pending(), **deployed())
    over = execution_id_of(run.facts.id, 1)
    run.propose(Scheduled())
    assert run.propose(Running(), execution_id=over).status is ABORT
    assert run.propose(Failed(), execution_id=over, policy=Policy.FORCED).status is ABORT


def test_the_execution_that_ended_a_run_is_told_how_it_ended() -> None:
    run = a_run(Pending(), Running())
    owner = execution_id_of(run.facts.id, 1)
    run.propose(Crashed())
    late = run.propose(Completed(), execution_id=owner)
    assert (late.status, late.state) == (REJECT, None)


def test_the_next_execution_may_present_itself() -> None:
    run = a_run(Scheduled(), Pending(), Scheduled(), **deployed())
    assert run.propose(Running(), execution_id=execution_id_of(run.facts.id, 2)).status is ACCEPT


@pytest.mark.parametrize("second", [Completed(), Failed(), Cancelled()], ids=lambda s: s.name)
@pytest.mark.parametrize("first", [Completed(), Failed(), Crashed()], ids=lambda s: s.name)
def test_the_first_final_state_stands(first: State, second: State) -> None:
    run = a_run(Pending(), Running(), first)
    assert run.propose(second).state is None


@pytest.mark.parametrize("second", [Crashed(), Failed(), Cancelled()], ids=lambda s: s.name)
def test_not_even_force_makes_a_completed_run_end_otherwise(second: State) -> None:
    run = a_run(Pending(), Running(), Completed())
    assert run.force(second).state is None


def test_force_marks_a_failed_run_completed() -> None:
    run = a_run(Pending(), Running(), Failed())
    assert run.force(Completed()).status is ACCEPT


def test_a_run_whose_result_is_persisted_is_not_run_again() -> None:
    run = a_run(Pending(), Running(), Completed(data={"storage_key": "x"}))
    assert run.propose(Running()).state is None


def test_a_run_without_a_persisted_result_is_run_again() -> None:
    run = a_run(Pending(), Running(), Completed(data={"type": "unpersisted"}))
    assert run.propose(Running()).status is ACCEPT


def test_only_the_run_of_a_deployment_is_scheduled_again() -> None:
    assert a_run(Running(), Failed()).propose(Scheduled()).status is ABORT
    assert a_run(Running(), Failed(), **deployed()).propose(Scheduled()).status is ACCEPT


@pytest.mark.parametrize(
    "reported", [Completed(), Failed(), Crashed(), Running()], ids=lambda s: s.name
)
def test_a_run_that_is_being_cancelled_becomes_nothing_but_cancelled(reported: State) -> None:
    run = a_run(Running(), Cancelling())
    assert run.propose(reported).state is None
    assert run.propose(Cancelled()).status is ACCEPT


@pytest.mark.parametrize(
    "states",
    [
        (Scheduled(),),
        (Scheduled(), Pending()),
        (Running(), Suspended()),
        (Running(), Suspended(), Scheduled()),
    ],
    ids=lambda states: states[-1].name,
)
def test_what_runs_nowhere_is_cancelled_at_once(states: tuple[State, ...]) -> None:
    run = a_run(*states, **deployed())
    decision = run.propose(Cancelling(message="by hand"))
    assert decision.status is REJECT
    assert decision.state is not None
    assert (decision.state.type, decision.state.message) == (StateType.CANCELLED, "by hand")
    assert run.live is None


def test_what_a_suspended_run_left_behind_is_gone() -> None:
    run = a_run(Running(), Suspended(), infrastructure_pid="host:1", **deployed())
    run.propose(Scheduled(name="Resuming"))
    run.propose(Cancelling())
    assert run.facts.state is not None
    assert run.facts.state.is_cancelled()


def test_a_run_with_infrastructure_is_torn_down_before_it_is_cancelled() -> None:
    run = a_run(Scheduled(), Pending(), infrastructure_pid="host:1")
    assert run.propose(Cancelling()).status is ACCEPT


def test_a_run_that_waits_for_its_retry_has_a_process_to_be_stopped() -> None:
    run = a_run(Running(), **retried(1, delay=60))
    run.propose(Failed())
    assert run.propose(Cancelling()).status is ACCEPT


def test_two_workers_do_not_start_one_run() -> None:
    run = a_run(Scheduled(), Pending())
    assert run.propose(Pending()).status is ABORT


@pytest.mark.parametrize("end", [Completed(), Failed(), Crashed()], ids=lambda state: state.name)
def test_a_slow_worker_does_not_start_what_another_one_ran(end: State) -> None:
    run = a_run(Scheduled(), Pending(), Running(), end)
    assert run.propose(Pending()).status is ABORT


def test_a_run_that_retries_in_its_process_is_not_started_by_a_worker() -> None:
    run = a_run(Running(), **retried(1))
    run.propose(Failed())
    assert run.propose(Pending()).status is ABORT


def test_only_a_scheduled_run_is_late() -> None:
    taken = a_run(Scheduled(), Pending())
    assert taken.propose(Late(), policy=Policy.LATE).state is None
    assert a_run(Scheduled()).propose(Late(), policy=Policy.LATE).status is ACCEPT


def test_only_a_running_run_pauses() -> None:
    assert a_run(Scheduled()).propose(Paused()).state is None


def test_a_pause_fires_once() -> None:
    run = a_run(Running(), Paused(pause_key="k"), Running())
    assert run.propose(Paused(pause_key="k")).state is None
    assert run.propose(Paused(pause_key="other")).status is ACCEPT


def test_a_pause_fires_again_when_the_run_is_tried_again() -> None:
    run = a_run(Running(), Paused(pause_key="k"), Running(), **retried(1))
    run.propose(Failed())
    run.propose(Running())
    assert run.propose(Paused(pause_key="k")).status is ACCEPT


def test_a_run_without_a_deployment_does_not_suspend() -> None:
    assert a_run(Running()).propose(Suspended()).status is ABORT
    assert a_run(Running(), **deployed()).propose(Suspended()).status is ACCEPT


def test_a_pause_that_is_resumed_too_late_fails_the_run() -> None:
    run = a_run(Running(), Paused(timeout_seconds=0))
    decision = run.propose(Running())
    assert decision.status is REJECT
    assert decision.state is not None
    assert decision.state.is_failed()


def test_a_paused_run_is_not_taken_by_a_worker() -> None:
    assert a_run(Running(), Paused()).propose(Pending()).state is None


def test_a_run_that_is_taken_keeps_its_time() -> None:
    due = ModelFlowRun(flow_run_facts()).now - timedelta(minutes=5)
    run = a_run(Scheduled(due), Pending())
    assert run.facts.state is not None
    assert run.facts.state.state_details.scheduled_time == due


def test_a_run_waits_for_its_time() -> None:
    run = ModelFlowRun(flow_run_facts())
    run.propose(Scheduled(run.now + timedelta(minutes=5)))
    decision = run.propose(Running())
    assert (decision.status, decision.state, decision.retry_after) == (WAIT, None, 300)


def test_less_than_half_a_second_is_not_waited_for() -> None:
    run = ModelFlowRun(flow_run_facts())
    run.propose(Scheduled(run.now + timedelta(seconds=0.4)))
    assert run.propose(Running()).status is ACCEPT


def test_a_failed_run_is_tried_again_until_its_retries_are_spent() -> None:
    run = a_run(Running(), **retried(1, delay=9))
    decision = run.propose(Failed(message="no disk"))
    assert decision.state is not None
    assert (decision.state.name, decision.state.message) == ("AwaitingRetry", "no disk")
    assert decision.state.state_details.scheduled_time == run.now + timedelta(seconds=9)
    run.now += timedelta(seconds=9)
    run.propose(Running())
    assert run.propose(Failed()).status is ACCEPT


def test_force_fails_a_run_without_retrying_it() -> None:
    run = a_run(Running(), **retried(1))
    assert run.force(Failed()).status is ACCEPT


def test_a_pause_uses_up_no_retry() -> None:
    run = a_run(Running(), Paused(), Running(), **retried(1))
    decision = run.propose(Failed())
    assert decision.state is not None
    assert decision.state.name == "AwaitingRetry"


def test_a_run_that_finds_no_slot_asks_again_later() -> None:
    run = a_run(Scheduled(), **full())
    decision = run.propose(Pending())
    assert decision.status is REJECT
    assert decision.state is not None
    assert decision.state.name == "AwaitingConcurrencySlot"
    due = decision.state.state_details.scheduled_time
    assert due == run.now + TERMS.deployment_slot_wait
    assert decision.columns is not None
    assert decision.columns.blocking_reason == "deployment limit"


def test_a_run_that_collides_is_cancelled_where_the_deployment_says_so() -> None:
    decision = a_run(Scheduled(), **full(collision_strategy="CANCEL_NEW")).propose(Pending())
    assert decision.state is not None
    assert decision.state.is_cancelled()
    assert "limit of 1" in (decision.state.message or "")


def test_a_run_in_a_process_of_its_own_waits_there_for_a_slot() -> None:
    decision = a_run(Scheduled(), **full()).propose(Running())
    assert (decision.status, decision.state) == (WAIT, None)


def test_a_run_that_has_a_slot_needs_no_other() -> None:
    run = a_run(Scheduled(), Pending(), **deployed(concurrency_limit=1))
    run.facts = replace(run.facts, **full())
    assert run.propose(Running()).status is ACCEPT
    assert run.propose(Paused()).status is ACCEPT
    assert run.propose(Running()).status is ACCEPT


def test_a_run_that_is_refused_a_slot_holds_none() -> None:
    run = a_run(Scheduled(), **full())
    run.propose(Pending())
    assert run.live is None


def test_states_say_which_run_they_belong_to() -> None:
    parent = uuid7()
    run = a_run(Running(), parent_task_run_id=parent)
    assert run.facts.state is not None
    assert run.facts.state.state_details == StateDetails(
        flow_run_id=run.facts.id, task_run_id=parent
    )


def test_what_waits_does_not_start_once_its_deployment_was_deleted() -> None:
    decision = a_run(Scheduled(), deployment_id=SOME_DEPLOYMENT).propose(Pending())
    assert (decision.status, decision.state) == (ABORT, None)
    assert decision.reason == "The deployment of the run was deleted."


def test_what_began_before_its_deployment_was_deleted_may_go_on() -> None:
    begun = a_run(Scheduled(), deployment_id=SOME_DEPLOYMENT, run_count=1)
    assert begun.propose(Pending()).status is ACCEPT
