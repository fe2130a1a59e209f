"""What a new flow run takes from its request, its deployment, its flow, and the defaults."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.unit.orchestration.model import TERMS
from windlass.clock import utc_now
from windlass.exceptions import RequestInvalid
from windlass.ids import uuid7
from windlass.schemas.deployments import Deployment
from windlass.schemas.flow_runs import DeploymentFlowRunCreate, FlowRunCreate
from windlass.schemas.flows import Flow
from windlass.schemas.states import StateCreate, StateDetails, StateType
from windlass_services.orchestration.creation import (
    Making,
    Origin,
    Place,
    RunFromDeployment,
    new_flow_run,
    new_run_from_deployment,
)
from windlass_services.storage.hot.facts import Dispatch, OpenExecution
from windlass_services.storage.hot.protocol import NewFlowRun

FLOW = Flow(id=uuid7(), name="flow", labels={"of": "flow", "team": "a"})


def making(**known: Any) -> Making:
    usual: dict[str, Any] = {
        "run_id": uuid7(),
        "state_id": uuid7(),
        "random_name": "brave-tern",
        "now": utc_now(),
        "terms": TERMS,
        "actor": "anonymous",
    }
    return Making(**usual | known)


def place(**template: Any) -> Place:
    return Place(uuid7(), "pool", uuid7(), "queue", {"variables": template} if template else {})


def deployment(**known: Any) -> Deployment:
    usual: dict[str, Any] = {
        "id": uuid7(),
        "name": "nightly",
        "flow_id": FLOW.id,
        "version": "v1",
        "parameters": {"a": 1, "b": {"deep": 1}},
        "tags": ["nightly", "etl"],
        "labels": {"of": "deployment"},
    }
    return Deployment(**usual | known)


def asked_for(of: Deployment | None = None, at: Place | None = None, **wanted: Any) -> NewFlowRun:
    origin = Origin(FLOW, of or deployment(), at)
    asked = RunFromDeployment(DeploymentFlowRunCreate(**wanted))
    return new_run_from_deployment(asked, origin, making())


def test_a_run_of_a_flow_is_pending_and_nobodys() -> None:
    new = new_flow_run(FlowRunCreate(flow_id=FLOW.id), Origin(FLOW), making())
    assert (new.run.name, new.run.state_type) == ("brave-tern", StateType.PENDING)
    assert (new.decision.execution, new.decision.dispatch) == (None, None)
    assert new.run.created_by is None


def test_a_run_that_is_made_running_is_owned_by_whoever_made_it() -> None:
    running = StateCreate(type=StateType.RUNNING)
    wanted = FlowRunCreate(flow_id=FLOW.id, state=running)
    new = new_flow_run(wanted, Origin(FLOW), making())
    assert isinstance(new.decision.execution, OpenExecution)
    assert (new.run.run_count, new.run.start_time) == (1, new.run.created)


def test_a_run_of_a_deployment_is_scheduled_for_now() -> None:
    at = place()
    new = asked_for(at=at)
    assert new.run.state_type is StateType.SCHEDULED
    assert new.run.next_scheduled_start_time == new.run.created
    assert isinstance(new.decision.dispatch, Dispatch)
    assert (new.work_pool_id, new.run.work_queue_id) == (at.work_pool_id, at.work_queue_id)


def test_a_run_without_a_place_to_wait_in_is_not_handed_out() -> None:
    assert asked_for().decision.dispatch is None


def test_parameters_lie_over_those_of_the_deployment_one_by_one() -> None:
    assert asked_for(parameters={"b": {"other": 2}}).run.parameters == {"a": 1, "b": {"other": 2}}


def test_tags_are_added_to_those_of_the_deployment() -> None:
    assert asked_for(tags=["etl", "by hand"]).run.tags == ["by hand", "etl", "nightly"]


def test_the_nearest_label_wins() -> None:
    new = asked_for(labels={"own": True})
    assert new.run.labels == {
        "of": "deployment",
        "team": "a",
        "own": True,
        "prefect.flow.id": str(FLOW.id),
        "prefect.deployment.id": str(new.run.deployment_id),
    }


def test_job_variables_stay_those_of_the_run_alone() -> None:
    given = deployment(job_variables={"image": "base"})
    assert asked_for(given, job_variables={"cpu": 2}).run.job_variables == {"cpu": 2}


def test_a_run_keeps_the_version_of_its_deployment() -> None:
    assert asked_for().run.deployment_version == "v1"


SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"a": {"type": "integer"}},
    "required": ["a"],
}


def test_parameters_that_do_not_fit_are_refused() -> None:
    strict = deployment(parameter_openapi_schema=SCHEMA, enforce_parameter_schema=True)
    with pytest.raises(RequestInvalid, match="parameters"):
        asked_for(strict, parameters={"a": "one"})


def test_a_run_may_be_let_off_the_schema() -> None:
    strict = deployment(parameter_openapi_schema=SCHEMA, enforce_parameter_schema=True)
    new = asked_for(strict, parameters={"a": "one"}, enforce_parameter_schema=False)
    assert new.run.parameters["a"] == "one"


def test_job_variables_that_the_pool_requires_must_be_there() -> None:
    demanding = place(properties={"image": {"type": "string"}}, required=["image"])
    with pytest.raises(RequestInvalid, match="image"):
        asked_for(at=demanding)
    assert asked_for(at=demanding, job_variables={"image": "x"}).run.job_variables


def test_a_schedule_makes_runs_ahead_of_their_time() -> None:
    schedule_id, due = uuid7(), utc_now() + timedelta(days=1)
    asked = RunFromDeployment.scheduled(
        at=due, schedule_id=schedule_id, parameters={"a": 5}, idempotency_key="key"
    )
    new = new_run_from_deployment(asked, Origin(FLOW, deployment(), place()), making())
    assert (new.run.expected_start_time, new.run.auto_scheduled) == (due, True)
    assert (new.schedule_id, new.run.idempotency_key) == (schedule_id, "key")
    assert new.run.created_by is not None
    assert (new.run.created_by.type, new.run.created_by.id) == ("SCHEDULE", schedule_id)


def test_a_run_knows_which_person_made_it() -> None:
    wanted = FlowRunCreate(flow_id=FLOW.id)
    new = new_flow_run(wanted, Origin(FLOW), making(actor="user:ada"))
    assert new.run.created_by is not None
    assert new.run.created_by.display_value == "ada"


def test_a_run_keeps_the_time_that_was_asked_for() -> None:
    due = utc_now() + timedelta(hours=2)
    state = StateCreate(type=StateType.SCHEDULED, state_details=StateDetails(scheduled_time=due))
    assert asked_for(state=state, at=place()).run.next_scheduled_start_time == due


def test_the_state_belongs_to_the_run_and_to_the_task_run_that_called_it() -> None:
    parent: UUID = uuid7()
    new = asked_for(parent_task_run_id=parent)
    assert new.run.state is not None
    details = new.run.state.state_details
    assert (details.flow_run_id, details.task_run_id) == (new.run.id, parent)
