"""From a claimed run to its job."""

import pytest

from tests.support.claimed_runs import claimed_run
from windlass_workers.agent.jobs import JobInvalid, prepare_job
from windlass_workers.agent.template import base_job_template
from windlass_workers.process.variables import ProcessVariables

TEMPLATE = base_job_template(ProcessVariables)


def test_a_run_has_the_job_variables_of_its_deployment_and_its_own() -> None:
    claimed = claimed_run(run={"env": {"B": "2"}}, job_variables={"env": {"A": "1", "B": "1"}})
    spec, _ = prepare_job(claimed, TEMPLATE, ProcessVariables, {"WINDLASS_API_URL": "http://here"})
    assert spec.environment == {"WINDLASS_API_URL": "http://here", "A": "1", "B": "2"}


def test_a_pool_without_a_template_has_the_default_one_of_its_type() -> None:
    claimed = claimed_run(run={"command": "run it"})
    spec, _ = prepare_job(claimed, {}, ProcessVariables, {})
    assert spec.command == "run it"


def test_a_variable_set_to_null_is_not_in_the_environment() -> None:
    claimed = claimed_run(run={"env": {"A": None, "B": "1"}})
    spec, _ = prepare_job(claimed, TEMPLATE, ProcessVariables, {})
    assert spec.environment == {"B": "1"}


def test_infrastructure_is_named_after_the_run_and_labelled_with_what_it_belongs_to() -> None:
    claimed = claimed_run(run={"labels": {"team": "data"}})
    spec, _ = prepare_job(claimed, TEMPLATE, ProcessVariables, {})
    assert spec.name == "brisk-otter"
    assert spec.labels["team"] == "data"
    assert spec.labels["prefect.io/flow-run-id"] == str(claimed.flow_run.id)
    assert spec.labels["windlass.io/execution-id"] == claimed.execution_id


def test_job_variables_that_do_not_fit_are_named() -> None:
    claimed = claimed_run(run={"stream_output": "perhaps"})
    with pytest.raises(JobInvalid, match=r"`stream_output`.*job template of the work pool"):
        prepare_job(claimed, TEMPLATE, ProcessVariables, {})
