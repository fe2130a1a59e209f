"""Job variables against the base job template of their pool."""

from typing import Any

import pytest

from windlass.exceptions import RequestInvalid
from windlass.schemas.job_variables import (
    check_complete_job_variables,
    check_default_job_variables,
    check_job_variables,
)
from windlass.schemas.parameters import check_parameters


def template(**variables: dict[str, Any]) -> dict[str, Any]:
    """A template that requires `image` and has these variables."""
    return {"variables": {"properties": variables, "required": ["image"]}}


CPU = template(cpu={"type": "integer"}, image={"type": "string"})


def test_a_deployment_need_not_say_everything() -> None:
    check_job_variables({"cpu": 1}, CPU, of="it")
    with pytest.raises(RequestInvalid, match="job variables of it do not fit: `cpu` must be"):
        check_job_variables({"cpu": "x"}, CPU, of="it")


def test_a_run_must_say_what_neither_it_nor_a_default_says() -> None:
    check_complete_job_variables({"image": "a"}, CPU, of="it")
    check_complete_job_variables({}, template(image={"default": "a"}), of="it")
    with pytest.raises(RequestInvalid, match="`image` is required"):
        check_complete_job_variables({"cpu": 1}, CPU, of="it")


def test_a_default_that_does_not_fit_is_the_fault_of_the_pool_and_not_of_the_run() -> None:
    wrong = template(image={"type": "string", "default": 5})
    check_complete_job_variables({}, wrong, of="it")
    check_job_variables({}, wrong, of="it")
    with pytest.raises(RequestInvalid, match="defaults in the base job template of it"):
        check_default_job_variables(wrong, of="it")


@pytest.mark.parametrize(
    "later",
    ["{{ prefect.variables.cpu }}", "{{ $CPU }}", {"$ref": {"block_document_id": "x"}}],
)
def test_what_the_worker_fills_in_is_not_checked(later: Any) -> None:
    check_job_variables({"cpu": later}, CPU, of="it")


def test_variables_that_the_template_does_not_know_are_left_alone() -> None:
    check_complete_job_variables({"image": "a", "more": object()}, CPU, of="it")


def test_an_empty_template_checks_nothing() -> None:
    check_complete_job_variables({"cpu": "x"}, {}, of="it")
    check_default_job_variables({}, of="it")


def test_parameters_are_complete_or_not_as_asked() -> None:
    schema = {"required": ["x"], "properties": {"x": {"type": "integer"}}}
    check_parameters({}, schema, of="it", complete=False)
    check_parameters({"y": 1}, None, of="it", complete=True)
    with pytest.raises(RequestInvalid, match="parameters of it do not fit: `x` is required"):
        check_parameters({}, schema, of="it", complete=True)
