"""Base job templates: every placeholder has its variable."""

import pytest
from pydantic import ValidationError

from windlass.schemas.base import JsonObject
from windlass.schemas.job_templates import check_base_job_template, variables_used
from windlass.schemas.work_pools import WorkPool, WorkPoolCreate, WorkPoolUpdate


def _template(configuration: JsonObject, *variables: str) -> JsonObject:
    properties = {name: {"type": "string"} for name in variables}
    return {
        "job_configuration": configuration,
        "variables": {"type": "object", "properties": properties},
    }


def test_a_placeholder_with_a_variable_is_fine() -> None:
    template = _template({"command": "{{ command }}"}, "command")
    assert WorkPoolCreate(name="p", base_job_template=template).base_job_template == template


def test_a_placeholder_without_a_variable_is_named() -> None:
    template = _template({"env": {"A": ["x {{ image }} {{tag}}"]}}, "image")
    with pytest.raises(ValidationError, match="`tag`"):
        WorkPoolCreate(name="p", base_job_template=template)
    with pytest.raises(ValidationError, match="`tag`"):
        WorkPoolUpdate(base_job_template=template)


@pytest.mark.parametrize("missing", ["job_configuration", "variables"])
def test_a_template_needs_both_its_parts(missing: str) -> None:
    template = _template({})
    del template[missing]
    with pytest.raises(ValueError, match=missing):
        check_base_job_template(template)


def test_an_empty_template_stands_for_the_default() -> None:
    assert check_base_job_template({}) == {}


def test_a_variable_without_a_placeholder_is_fine() -> None:
    template = _template({}, "unused")
    assert check_base_job_template(template) is template


@pytest.mark.parametrize(
    "reference",
    [
        "prefect.blocks.secret.token",
        "prefect.variables.region",
        "windlass.blocks.secret.token",
        "windlass.variables.region",
        "$HOME",
    ],
)
def test_what_is_looked_up_elsewhere_is_no_variable(reference: str) -> None:
    assert variables_used({"value": "{{ " + reference + " }}"}) == frozenset()


def test_placeholders_are_found_in_keys_and_at_any_depth() -> None:
    configuration = {"{{ key }}": [{"deep": ["{{ a }}-{{b}}"]}], "number": 3, "none": None}
    assert variables_used(configuration) == {"key", "a", "b"}


def test_a_stored_pool_is_read_whatever_its_template() -> None:
    template = _template({"command": "{{ gone }}"})
    pool = {"id": "00000000-0000-0000-0000-00000000000a", "name": "p", "type": "process"}
    read = WorkPool.model_validate({**pool, "base_job_template": template})
    assert read.base_job_template == template
