"""What a flow run records of its way through its states."""

from dataclasses import replace
from datetime import timedelta

from tests.unit.orchestration.model import (
    SOME_DEPLOYMENT,
    ModelFlowRun,
    deployment_facts,
    flow_run_facts,
)
from windlass.schemas.flow_runs import FlowRunPolicy
from windlass.schemas.state_constructors import (
    Completed,
    Crashed,
    Failed,
    Paused,
    Pending,
    Resuming,
    Running,
    Scheduled,
    Suspended,
)


def a_run(retries: int = 0) -> ModelFlowRun:
    policy = FlowRunPolicy(retries=retries, retry_delay=0).model_dump(mode="json")
    facts = flow_run_facts(
        deployment_id=SOME_DEPLOYMENT, deployment=deployment_facts(), empirical_policy=policy
    )
    return ModelFlowRun(facts)


def test_a_run_counts_how_often_it_began() -> None:
    run = a_run(retries=1)
    run.propose(Running())
    run.propose(Failed())
    run.propose(Running())
    assert run.facts.run_count == 2


def test_the_end_of_a_pause_is_no_beginning() -> None:
    run = a_run()
    run.propose(Running())
    run.propose(Paused())
    run.propose(Running())
    assert run.facts.run_count == 1
    run.propose(Suspended())
    run.propose(Resuming())
    assert run.facts.empirical_policy["resuming"]
    run.propose(Pending())
    run.propose(Running())
    assert run.facts.run_count == 1
    assert not run.facts.empirical_policy["resuming"]


def test_a_run_started_once_and_ended_when_it_first_was_final() -> None:
    run = a_run()
    run.propose(Running())
    started = run.now
    run.propose(Failed())
    ended = run.now
    run.force(Completed())
    assert (run.facts.start_time, run.facts.end_time) == (started, ended)
    run.propose(Running())
    assert (run.facts.start_time, run.facts.end_time) == (started, None)


def test_a_run_that_never_started_has_no_end() -> None:
    run = a_run()
    run.propose(Scheduled())
    run.propose(Crashed())
    assert run.facts.end_time is None


def test_only_the_time_in_running_adds_up() -> None:
    run = a_run()
    run.propose(Running())
    run.now += timedelta(seconds=5)
    run.propose(Paused())
    run.now += timedelta(seconds=60)
    run.propose(Running())
    run.now += timedelta(seconds=2)
    run.propose(Completed())
    assert round(run.facts.total_run_time, 1) == 7


def test_a_run_is_expected_when_it_was_first_scheduled() -> None:
    run = a_run()
    due = run.now + timedelta(hours=1)
    run.propose(Scheduled(due))
    assert (run.facts.expected_start_time, run.facts.next_scheduled_start_time) == (due, due)
    run.propose(Scheduled(due + timedelta(hours=1)))
    assert run.facts.expected_start_time == due
    run.propose(Pending())
    assert run.facts.next_scheduled_start_time is None


def test_a_rerun_forgets_its_pauses_and_where_it_was_retried() -> None:
    run = a_run()
    run.propose(Running())
    run.propose(Paused(pause_key="k"))
    run.propose(Running())
    run.propose(Completed())
    run.propose(Scheduled())
    assert run.facts.empirical_policy["pause_keys"] == []
    assert run.facts.empirical_policy["retry_type"] == "reschedule"


def test_a_retry_is_remembered_until_it_failed_too() -> None:
    run = a_run(retries=1)
    run.propose(Running())
    run.propose(Failed())
    assert run.facts.empirical_policy["retry_type"] == "in_process"
    run.propose(Running())
    run.propose(Failed())
    assert run.facts.empirical_policy["retry_type"] is None


def test_clocks_that_disagree_do_not_shorten_a_run() -> None:
    run = a_run()
    run.propose(Running())
    assert run.facts.state is not None
    later = run.now + timedelta(hours=1)
    run.facts = replace(run.facts, state=run.facts.state.model_copy(update={"timestamp": later}))
    run.propose(Completed())
    assert run.facts.total_run_time == 0
