"""Parameters that say how they are to be got."""

from typing import Any

import pytest

from windlass_services.orchestration.hydration import (
    hydrate,
    says_how,
    variables_named_in,
)

VARIABLES = {"seven": 7}


def said(kind: str, **fields: Any) -> dict[str, Any]:
    return {"__prefect_kind": kind, **fields}


@pytest.mark.parametrize(
    ("value", "means"),
    [
        (5, 5),
        (said("none", value=5), 5),
        (said("json", value='{"a": [1]}'), {"a": [1]}),
        (said("jinja", template="{{ 1 + 2 }}"), "3"),
        (said("jinja", template="{{ nobody.knows }}"), ""),
        (said("jinja", template="{{ 'x' | tojson }}"), '"x"'),
        (said("workspace_variable", variable_name="seven"), 7),
        (said("json", value=said("jinja", template="[{{ 2 ** 3 }}]")), [8]),
        ({"deep": [said("json", value="1")]}, {"deep": [1]}),
        ([said("json"), 1, said("workspace_variable")], [1]),
    ],
)
def test_a_value_is_replaced_by_what_it_means(value: Any, means: Any) -> None:
    found = hydrate({"x": value}, VARIABLES, render=True)
    assert found.errors == []
    assert found.values == {"x": means}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (said("json", value="{"), "`x` Invalid JSON"),
        (said("json", value=5), "`x` Invalid JSON"),
        (said("jinja", template="{{ "), "`x` Invalid jinja"),
        (said("jinja", template="{{ 1 / 0 }}"), "`x` The template cannot be rendered"),
        (said("jinja", template="{{ 'a' * 1000000000 }}"), "for numbers only"),
        (said("jinja", template="{{ 10 ** 1000000000 }}"), "at most 64"),
        (said("jinja", template="{{ ''.__class__.mro() }}"), "cannot be rendered"),
        (said("workspace_variable", variable_name="none"), "Variable 'none' not found"),
        (said("what"), "must not be of the kind 'what'"),
    ],
)
def test_what_cannot_be_got_says_why(value: Any, reason: str) -> None:
    [error] = hydrate({"x": value}, VARIABLES, render=True).errors
    assert reason in error


def test_a_template_stays_one_where_it_is_not_rendered() -> None:
    found = hydrate(said("jinja", template="{{ 1 }}"), {})
    assert found.settled() == "{{ 1 }}"


def test_variables_are_found_at_any_depth() -> None:
    value = {"a": [said("json", value=said("workspace_variable", variable_name="b"))]}
    assert variables_named_in(value) == {"b"}
    assert says_how(value)
    assert not says_how({"a": [1, {"b": None}]})
