"""Placeholders are filled in with values."""

import pytest

from windlass.utilities.templating import (
    PlaceholderUnresolved,
    apply_known_values,
    apply_references,
    apply_values,
    references,
)


def test_a_placeholder_alone_takes_the_value_with_its_type() -> None:
    assert apply_values({"a": "{{ n }}", "b": ["{{ n }}"]}, {"n": 3}) == {"a": 3, "b": [3]}


def test_a_placeholder_inside_a_text_becomes_text() -> None:
    values = {"name": "Ada", "flag": True, "parts": [1, "two"]}
    assert apply_values("{{ name }}: {{flag}} {{ parts }}", values) == 'Ada: true [1, "two"]'


def test_what_has_no_value_is_left_out() -> None:
    assert apply_values({"a": "{{ x }}", "b": [1, "{{ x }}"], "c": "-{{ x }}-"}, {}) == {
        "b": [1],
        "c": "--",
    }
    assert apply_values("{{ x }}", {}) is None


def test_a_part_of_a_value_is_reached_by_dots() -> None:
    assert apply_values("{{ clone.directory }}", {"clone": {"directory": "/srv"}}) == "/srv"
    assert apply_values("{{ clone.directory.more }}", {"clone": {"directory": "/srv"}}) is None


def test_a_name_with_dots_goes_before_a_part() -> None:
    assert apply_values("{{ a.b }}", {"a.b": 1, "a": {"b": 2}}) == 1


def test_the_environment_is_reached_by_a_dollar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLOUR", "teal")
    assert apply_values("{{ $COLOUR }}", {}) == "teal"


def test_what_is_no_text_is_left_as_it_is() -> None:
    assert apply_values({"a": 1, "b": None, "c": {"d": 1.5}}, {}) == {
        "a": 1,
        "b": None,
        "c": {"d": 1.5},
    }


@pytest.mark.parametrize("name", ["prefect.blocks.secret.key", "windlass.variables.region"])
def test_what_cannot_be_looked_up_is_named(name: str) -> None:
    with pytest.raises(PlaceholderUnresolved, match=name):
        apply_values(f"{{{{ {name} }}}}", {})


def test_references_are_named_wherever_they_stand() -> None:
    template = {"a": ["{{ prefect.variables.x }}", "{{ y }}"], "b": "-{{ windlass.blocks.s.t }}-"}
    assert references(template) == {"prefect.variables.x", "windlass.blocks.s.t"}


def test_references_are_filled_in_alone() -> None:
    template = {"a": "{{ prefect.variables.x }}", "b": "{{ y }}-{{ prefect.variables.x }}", "c": 1}
    found = {"prefect.variables.x": [1], "y": 2}
    assert apply_references(template, {"prefect.variables.x": [1]}) == {
        "a": [1],
        "b": "{{ y }}-[1]",
        "c": 1,
    }
    assert apply_values(template, found) == {"a": [1], "b": "2-[1]", "c": 1}
    assert apply_known_values(template, {"y": 2})["a"] == "{{ prefect.variables.x }}"
