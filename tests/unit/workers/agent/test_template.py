"""Base job templates and how they are rendered."""

from typing import Any

import pytest

from windlass.exceptions import RequestInvalid
from windlass.schemas.job_templates import check_base_job_template
from windlass.schemas.job_variables import check_default_job_variables
from windlass.utilities.templating import PlaceholderUnresolved, references
from windlass_workers.agent.template import base_job_template, referring, render
from windlass_workers.catalogue import WORKER_TYPES, find_worker_type
from windlass_workers.process.variables import ProcessVariables


def template(configuration: dict[str, Any], **defaults: Any) -> dict[str, Any]:
    properties = {name: {"default": value} for name, value in defaults.items()}
    return {
        "job_configuration": configuration,
        "variables": {"type": "object", "properties": properties},
    }


@pytest.mark.parametrize("kind", WORKER_TYPES)
def test_the_default_template_of_a_type_is_one_that_the_server_accepts(kind: str) -> None:
    found = find_worker_type(kind)
    assert found is not None
    made = base_job_template(found.variables())
    assert check_base_job_template(made) == made
    check_default_job_variables(made, of=kind)
    assert {"name", "env", "labels", "command"} <= set(made["job_configuration"])
    made["variables"]["properties"]["env"]["default"] = 3
    with pytest.raises(RequestInvalid):
        check_default_job_variables(made, of=kind)


def test_the_default_template_renders_to_the_variables_that_were_given() -> None:
    rendered = render(base_job_template(ProcessVariables), {"working_dir": "/srv"})
    assert rendered == {"working_dir": "/srv", "stream_output": True}


def test_a_placeholder_alone_takes_the_value_with_its_type() -> None:
    made = template({"resources": "{{ resources }}", "count": " {{count}} "})
    rendered = render(made, {"resources": {"cpu": [1, 2]}, "count": 3})
    assert rendered == {"resources": {"cpu": [1, 2]}, "count": 3}


def test_a_placeholder_inside_a_text_is_put_in_as_text() -> None:
    made = template({"memory": "{{ memory }}Mi", "path": "{{ a }}/{{ b }}"}, memory=512)
    assert render(made, {"a": "x"}) == {"memory": "512Mi", "path": "x/"}


def test_a_placeholder_without_a_value_leaves_its_key_out() -> None:
    made = template({"image": "{{ image }}", "args": ["{{ one }}", "two"], "cpu": "{{ cpu }}"})
    assert render(made, {"cpu": None}) == {"args": ["two"]}


def test_the_run_wins_over_the_deployment_and_the_deployment_over_the_pool() -> None:
    made = template({"a": "{{ a }}", "b": "{{ b }}", "c": "{{ c }}"}, a=1, b=1, c=1)
    assert render(made, {"b": 2, "c": 2}, {"c": 3}) == {"a": 1, "b": 2, "c": 3}


def test_environment_variables_are_merged_name_by_name() -> None:
    made = template({"env": "{{ env }}"}, env={"A": "pool", "B": "pool", "C": "pool"})
    rendered = render(made, {"env": {"B": "deployment", "C": "deployment"}}, {"env": {"C": "run"}})
    assert rendered["env"] == {"A": "pool", "B": "deployment", "C": "run"}


def test_what_the_pool_itself_writes_is_not_overwritten_by_defaults() -> None:
    made = template({"env": {"A": "pool", "B": "pool", "R": "{{ region }}"}}, env={"A": "default"})
    rendered = render(made, {"env": {"B": "deployment"}, "region": "eu"})
    assert rendered["env"] == {"A": "pool", "B": "deployment", "R": "eu"}


def test_a_key_with_dots_sets_a_part_of_a_variable() -> None:
    made = template({"env": "{{ env }}", "limits": "{{ limits }}"})
    rendered = render(made, {"env.A": "1", "limits": {"cpu": 1}, "limits.memory.max": 2})
    assert rendered == {"env": {"A": "1"}, "limits": {"cpu": 1, "memory": {"max": 2}}}


def test_what_was_given_is_not_changed() -> None:
    given = {"limits": {"cpu": 1}, "limits.memory": 2}
    render(template({"limits": "{{ limits }}"}), given)
    assert given == {"limits": {"cpu": 1}, "limits.memory": 2}


@pytest.mark.parametrize("name", ["prefect.blocks.secret.key", "windlass.variables.region"])
def test_a_reference_that_cannot_be_looked_up_is_refused_by_name(name: str) -> None:
    with pytest.raises(PlaceholderUnresolved, match=name):
        render(template({"image": f"{{{{ {name} }}}}"}))


def test_references_are_filled_in_wherever_a_job_has_them() -> None:
    place = "{{ prefect.variables.region }}"
    made = template({"env": "{{ env }}", "region": place, "zone": "{{ zone }}"}, zone=f"{place}-a")
    deployment = {"env": {"REGION": place, "RAW": "{{ region }}"}}
    found = {"prefect.variables.region": "eu"}
    rendered = render(made, deployment, {"env.ZONE": f"{place}-b"}, found=found)
    assert rendered["env"] == {"REGION": "eu", "RAW": "{{ region }}", "ZONE": "eu-b"}
    assert (rendered["region"], rendered["zone"]) == ("eu", "eu-a")
    assert references(referring(made, deployment)) == {"prefect.variables.region"}


def test_what_a_pool_says_about_references_is_none() -> None:
    made = template({"a": "{{ a }}"})
    made["variables"]["properties"]["a"] = {"description": "Try `{{ prefect.variables.x }}`."}
    assert references(referring(made, None)) == set()
