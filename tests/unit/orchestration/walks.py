"""Our answers on the walks of `situations`: runs in memory, taken there step by step."""

from dataclasses import replace
from typing import Final

from tests.unit.orchestration.model import (
    SOME_DEPLOYMENT,
    SOME_POOL,
    SOME_QUEUE,
    ModelFlowRun,
    ModelTaskRun,
    deployment_facts,
    flow_run_facts,
    task_run_facts,
)
from tests.unit.orchestration.sightings import sighting
from tests.unit.orchestration.situations import (
    FLOW_RUNS,
    KNOWN_CACHE_KEY,
    RETRY_DELAY,
    TASK_RUNS,
    Situation,
)
from windlass.ids import uuid7
from windlass.schemas.flow_runs import FlowRunPolicy
from windlass.schemas.orchestration import SetStateStatus
from windlass.schemas.state_constructors import Completed
from windlass.schemas.states import State, StateCreate, StateType
from windlass.schemas.task_runs import TaskRunPolicy
from windlass_services.storage.hot.facts import Decision, Policy

_PENDING: Final = StateCreate(type=StateType.PENDING)


def walk_flow_run(
    situation: Situation, origin: str, proposal: str
) -> tuple[ModelFlowRun, Decision, str]:
    """The run after the proposal, the decision, and what can be seen of it."""
    run = _flow_run(situation, origin)
    before = run.sight()
    policy = Policy.FORCED if situation.forced else Policy.CORE
    decision = run.propose(FLOW_RUNS.proposals[proposal](run.now), policy=policy)
    line = sighting(decision.status, decision.retry_after, before, run.sight(), run.now)
    return run, decision, line


def walk_task_run(situation: Situation, origin: str, proposal: str) -> str:
    """What can be seen of the proposal."""
    run = _task_run(situation, origin)
    before = run.sight()
    decision = run.propose(TASK_RUNS.proposals[proposal](run.now), forced=situation.forced)
    return sighting(decision.status, decision.retry_after, before, run.sight(), run.now)


def _flow_run(situation: Situation, origin: str) -> ModelFlowRun:
    policy = FlowRunPolicy.model_validate(_retries(situation))
    run = ModelFlowRun(
        flow_run_facts(
            deployment_id=SOME_DEPLOYMENT if situation.deployed else None,
            deployment=deployment_facts() if situation.deployed else None,
            work_pool_id=SOME_POOL if situation.in_pool else None,
            work_queue_id=SOME_QUEUE if situation.in_pool else None,
            empirical_policy=policy.model_dump(mode="json"),
        )
    )
    run.force(_PENDING)
    for step in FLOW_RUNS.origins[origin](run.now):
        decision = run.force(step.state) if step.force else run.propose(step.state)
        if decision.status is not SetStateStatus.ACCEPT:
            run.force(step.state)
    run.facts = replace(run.facts, infrastructure_pid=situation.infrastructure_pid)
    return run


def _task_run(situation: Situation, origin: str) -> ModelTaskRun:
    policy = TaskRunPolicy.model_validate(_retries(situation))
    run = ModelTaskRun(
        task_run_facts(
            flow_run_id=uuid7(),
            flow_run_state=State(type=situation.flow_run),
            flow_run_count=1,
            empirical_policy=policy.model_dump(mode="json"),
        ),
        known_results={KNOWN_CACHE_KEY: Completed()},
    )
    run.propose(_PENDING, forced=True)
    for step in TASK_RUNS.origins[origin](run.now):
        decision = run.propose(step.state, forced=step.force)
        if decision.status is not SetStateStatus.ACCEPT:
            run.propose(step.state, forced=True)
    return run


def _retries(situation: Situation) -> dict[str, int]:
    if situation.retries is None:
        return {}
    return {"retries": situation.retries, "retry_delay": RETRY_DELAY}
