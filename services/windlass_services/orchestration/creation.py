"""A flow run from what was asked for, what it is made from, and the defaults."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from windlass.schemas.base import JsonObject
from windlass.schemas.deployments import Deployment
from windlass.schemas.fields import CreatedBy, Labels
from windlass.schemas.flow_runs import (
    DeploymentFlowRunCreate,
    FlowRun,
    FlowRunCreate,
    FlowRunPolicy,
)
from windlass.schemas.flows import Flow
from windlass.schemas.job_variables import check_complete_job_variables
from windlass.schemas.parameters import check_parameters
from windlass.schemas.states import State, StateCreate, StateDetails, StateType
from windlass_services.orchestration.policy import govern_flow_run
from windlass_services.orchestration.transition import Terms
from windlass_services.storage.hot.decide import facts_of_new_run
from windlass_services.storage.hot.facts import Decision, FlowRunTransition, Policy, RunColumns
from windlass_services.storage.hot.protocol import NewFlowRun


@dataclass(frozen=True, slots=True)
class Place:
    """The queue that a run waits in; `base_job_template` is its pool's."""

    work_pool_id: UUID
    work_pool_name: str
    work_queue_id: UUID
    work_queue_name: str
    base_job_template: JsonObject


@dataclass(frozen=True, slots=True)
class Origin:
    """What a run is made from. `place` None: no worker is to start it."""

    flow: Flow
    deployment: Deployment | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Making:
    """What is chosen for one run from outside: its identity, its name, the moment, the terms."""

    run_id: UUID
    state_id: UUID
    random_name: str
    now: datetime
    terms: Terms
    actor: str


@dataclass(frozen=True, slots=True)
class RunFromDeployment:
    """A run of a deployment, asked for by someone, or by one of its schedules."""

    wanted: DeploymentFlowRunCreate
    schedule_id: UUID | None = None

    @classmethod
    def scheduled(
        cls, *, at: datetime, schedule_id: UUID, parameters: JsonObject, idempotency_key: str
    ) -> "RunFromDeployment":
        """The run of a schedule at one of its moments."""
        state = StateCreate(type=StateType.SCHEDULED, state_details=StateDetails(scheduled_time=at))
        wanted = DeploymentFlowRunCreate(
            state=state, parameters=parameters, idempotency_key=idempotency_key
        )
        return cls(wanted, schedule_id)


def new_flow_run(wanted: FlowRunCreate, origin: Origin, making: Making) -> NewFlowRun:
    """A run as its client describes it. It is PENDING unless that says otherwise.

    A deployment that it names lends its labels only.
    """
    bare = FlowRun(
        id=making.run_id,
        name=wanted.name or making.random_name,
        flow_id=wanted.flow_id,
        deployment_id=wanted.deployment_id,
        flow_version=wanted.flow_version,
        parameters=wanted.parameters,
        idempotency_key=wanted.idempotency_key,
        context=wanted.context,
        empirical_policy=wanted.empirical_policy,
        tags=_sorted(wanted.tags),
        labels=_labels(origin, wanted.labels),
        parent_task_run_id=wanted.parent_task_run_id,
        infrastructure_document_id=wanted.infrastructure_document_id,
        job_variables=wanted.job_variables or {},
        run_priority=wanted.run_priority,
        created_by=_creator(making.actor),
    )
    return _begun(bare, origin, making, wanted.state or StateCreate(type=StateType.PENDING))


def new_run_from_deployment(asked: RunFromDeployment, origin: Origin, making: Making) -> NewFlowRun:
    """A run of the deployment in `origin`. It is scheduled for now unless it says otherwise.

    Parameters, tags and labels lie over those of the deployment. Raises RequestInvalid when they,
    or the job variables, do not fit: not for schedules, which were checked when they were made.
    """
    deployment, wanted = _deployment_of(origin), asked.wanted
    parameters = {**deployment.parameters, **wanted.parameters}
    if asked.schedule_id is None:
        _check(wanted, parameters, origin)
    bare = FlowRun(
        id=making.run_id,
        name=wanted.name or making.random_name,
        flow_id=deployment.flow_id,
        deployment_id=deployment.id,
        deployment_version=deployment.version,
        parameters=parameters,
        idempotency_key=wanted.idempotency_key,
        context=wanted.context,
        empirical_policy=wanted.empirical_policy,
        tags=_sorted([*deployment.tags, *wanted.tags]),
        labels=_labels(origin, wanted.labels),
        parent_task_run_id=wanted.parent_task_run_id,
        infrastructure_document_id=wanted.infrastructure_document_id
        or deployment.infrastructure_document_id,
        job_variables=wanted.job_variables or {},
        run_priority=wanted.run_priority,
        auto_scheduled=asked.schedule_id is not None,
        created_by=_creator(making.actor)
        if asked.schedule_id is None
        else CreatedBy(id=asked.schedule_id, type="SCHEDULE", display_value="Schedule"),
    )
    state = wanted.state or StateCreate(type=StateType.SCHEDULED)
    return replace(_begun(bare, origin, making, state), schedule_id=asked.schedule_id)


def _begun(run: FlowRun, origin: Origin, making: Making, state: StateCreate) -> NewFlowRun:
    """The run in its place and in its first state, which only bookkeeping has a say in."""
    placed = run.model_copy(update=_columns_of(origin.place))
    proposal = FlowRunTransition(
        flow_run_id=run.id,
        proposed=state.to_state(making.state_id, making.now),
        policy=Policy.FORCED,
    )
    facts = facts_of_new_run(placed, placed.work_pool_id)
    decision = govern_flow_run(facts, proposal, making.now, making.terms)
    first, columns = _written(decision)
    begun = placed.model_copy(
        update={
            "created": making.now,
            "updated": making.now,
            "state": first,
            "state_id": first.id,
            "state_type": first.type,
            "state_name": first.name,
            "run_count": columns.run_count,
            "expected_start_time": columns.expected_start_time,
            "next_scheduled_start_time": columns.next_scheduled_start_time,
            "start_time": columns.start_time,
            "end_time": columns.end_time,
            "total_run_time": timedelta(seconds=columns.total_run_time),
            "empirical_policy": FlowRunPolicy.model_validate(columns.empirical_policy),
        }
    )
    return NewFlowRun(begun, decision, work_pool_id=placed.work_pool_id)


def _columns_of(place: Place | None) -> dict[str, UUID | str]:
    if place is None:
        return {}
    return {
        "work_pool_id": place.work_pool_id,
        "work_pool_name": place.work_pool_name,
        "work_queue_id": place.work_queue_id,
        "work_queue_name": place.work_queue_name,
    }


def _written(decision: Decision) -> tuple[State, RunColumns]:
    if decision.state is None or decision.columns is None:
        raise ValueError(f"A first state is always written; it was refused: {decision.reason}")
    return decision.state, decision.columns


def _deployment_of(origin: Origin) -> Deployment:
    if origin.deployment is None:
        raise ValueError("A run from a deployment needs one to be made from.")
    return origin.deployment


def _check(wanted: DeploymentFlowRunCreate, parameters: JsonObject, origin: Origin) -> None:
    deployment = _deployment_of(origin)
    enforced = wanted.enforce_parameter_schema
    if deployment.enforce_parameter_schema if enforced is None else enforced:
        schema = deployment.parameter_openapi_schema
        check_parameters(parameters, schema, of="the flow run", complete=True)
    if origin.place is not None:
        variables = {**deployment.job_variables, **(wanted.job_variables or {})}
        template = origin.place.base_job_template
        check_complete_job_variables(variables, template, of="the flow run")


def _sorted(tags: Sequence[str]) -> list[str]:
    return sorted(set(tags))


def _labels(origin: Origin, own: Labels | None) -> Labels:
    """The nearest label wins: of the run, of its deployment, of its flow."""
    labels: Labels = {**(origin.flow.labels or {}), "prefect.flow.id": str(origin.flow.id)}
    if origin.deployment is not None:
        labels |= origin.deployment.labels
        labels["prefect.deployment.id"] = str(origin.deployment.id)
    return labels | (own or {})


def _creator(actor: str) -> CreatedBy | None:
    kind, colon, name = actor.partition(":")
    if not colon or kind != "user":
        return None
    return CreatedBy(type="USER", display_value=name)
