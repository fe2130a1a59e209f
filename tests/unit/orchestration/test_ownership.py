"""Who may act for a run, and whether a worker may be given it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.orchestration.model import (
    SOME_DEPLOYMENT,
    SOME_POOL,
    SOME_QUEUE,
    TERMS,
    ModelFlowRun,
    deployment_facts,
    flow_run_facts,
)
from windlass.schemas.flow_runs import FlowRunPolicy
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
from windlass.schemas.states import State
from windlass_services.storage.hot.facts import (
    Dispatch,
    EndExecution,
    OpenExecution,
    Policy,
    PresentExecution,
    Withdraw,
)


def a_run(*states: State, in_pool: bool = True, retries: int = 0) -> ModelFlowRun:
    policy = FlowRunPolicy(retries=retries, retry_delay=0).model_dump(mode="json")
    pool: dict[str, Any] = {"work_pool_id": SOME_POOL, "work_queue_id": SOME_QUEUE}
    run = ModelFlowRun(
        flow_run_facts(
            deployment_id=SOME_DEPLOYMENT,
            deployment=deployment_facts(),
            empirical_policy=policy,
            **(pool if in_pool else {}),
        )
    )
    for state in states:
        assert run.propose(state).state is not None
    return run


def test_a_run_that_is_made_belongs_to_nobody() -> None:
    assert a_run().propose(Pending()).execution is None


def test_whoever_takes_a_run_must_start_it_in_time() -> None:
    run = a_run(Scheduled())
    opened = run.propose(Pending()).execution
    assert opened == OpenExecution(
        opened_at=run.now,
        start_deadline=run.now + TERMS.start_deadline,
        presented=False,
        leased=False,
        lease_expires_at=None,
    )


def test_a_deployment_may_say_how_long_its_runs_may_take_to_start() -> None:
    run = a_run(Scheduled())
    patient = deployment_facts(concurrency_limit=1, grace_period=timedelta(hours=1))
    run.facts = replace(run.facts, deployment=patient)
    opened = run.propose(Pending()).execution
    assert isinstance(opened, OpenExecution)
    assert opened.start_deadline == run.now + timedelta(hours=1)


def test_a_run_that_was_taken_is_presented_by_its_process() -> None:
    run = a_run(Scheduled(), Pending())
    presented = run.propose(Running(), leased=True).execution
    assert presented == PresentExecution(run.now, True, run.now + TERMS.lease)


def test_a_process_that_promises_no_lease_gets_none() -> None:
    run = a_run(Scheduled(), Pending())
    assert run.propose(Running()).execution == PresentExecution(run.now, False, None)


def test_a_run_that_nobody_took_is_owned_by_the_process_that_runs_it() -> None:
    run = a_run(Pending())
    assert run.propose(Running(), leased=True).execution == OpenExecution(
        opened_at=run.now,
        start_deadline=None,
        presented=True,
        leased=True,
        lease_expires_at=run.now + TERMS.lease,
    )


@pytest.mark.parametrize("waits", [Failed(), Paused()], ids=["after a failure", "after a pause"])
def test_a_process_that_goes_on_keeps_its_run(waits: State) -> None:
    run = a_run(Running(), waits, retries=1)
    owner = run.live
    assert run.propose(Running()).execution is None
    assert run.live == owner


def test_a_retry_in_the_process_is_not_handed_out() -> None:
    run = a_run(Scheduled(), Pending(), Running(), Failed(), retries=1)
    assert run.live is not None
    assert run.dispatched is None


@pytest.mark.parametrize(
    "final", [Completed(), Failed(), Cancelled(), Crashed()], ids=lambda state: state.name
)
def test_a_final_state_ends_the_execution(final: State) -> None:
    run = a_run(Running())
    assert run.propose(final).execution == EndExecution(run.now, final.name)


def test_a_run_that_suspends_gives_its_slot_back() -> None:
    assert isinstance(a_run(Running()).propose(Suspended()).execution, EndExecution)
    assert a_run(Running()).propose(Paused()).execution is None


def test_a_run_that_is_being_cancelled_is_still_owned() -> None:
    assert a_run(Running()).propose(Cancelling()).execution is None


def test_a_claim_that_was_missed_is_handed_out_again() -> None:
    run = a_run(Scheduled(), Pending())
    decision = run.propose(Scheduled())
    assert isinstance(decision.execution, EndExecution)
    assert isinstance(decision.dispatch, Dispatch)


def test_a_run_is_handed_out_at_its_time() -> None:
    run = a_run()
    due = run.now + timedelta(hours=1)
    assert run.propose(Scheduled(due)).dispatch == Dispatch(due)


def test_a_run_that_was_taken_is_not_handed_out() -> None:
    assert a_run(Scheduled()).propose(Pending()).dispatch == Withdraw()


def test_a_late_run_keeps_its_place() -> None:
    assert a_run(Scheduled()).propose(Late(), policy=Policy.LATE).dispatch is None


def test_a_run_outside_of_every_pool_is_handed_to_nobody() -> None:
    run = a_run(in_pool=False)
    assert run.propose(Scheduled()).dispatch is None
    assert run.propose(Pending()).dispatch is None
