"""Checking values against JSON Schemas: like the reference, with reasons people can read."""

from typing import Any, cast

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from windlass.exceptions import RequestInvalid
from windlass.schemas.json_schema import require_fit, violations

SCALARS = (
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.5, 1.0, "", "a", "bb"])
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    ),
    max_leaves=6,
)
TYPES = st.sampled_from(["null", "boolean", "string", "integer", "number", "array", "object"])
SIZES = st.integers(0, 2)


def _schemas(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(inner, min_size=1, max_size=2)
    return st.fixed_dictionaries(
        {},
        optional={
            "type": TYPES | st.lists(TYPES, min_size=1, max_size=2, unique=True),
            "enum": st.lists(VALUES, min_size=1, max_size=3),
            "const": VALUES,
            "allOf": several,
            "anyOf": several,
            "oneOf": several,
            "not": inner,
            "properties": st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
            "additionalProperties": inner | st.booleans(),
            "required": st.lists(st.sampled_from("ab"), max_size=2, unique=True),
            "items": inner | st.booleans(),
            "prefixItems": several,
            "uniqueItems": st.booleans(),
            "pattern": st.sampled_from(["^a", "b$"]),
            "multipleOf": st.sampled_from([0.5, 1, 2]),
            "minimum": SIZES,
            "maximum": SIZES,
            "exclusiveMinimum": SIZES,
            "exclusiveMaximum": SIZES,
            "minLength": SIZES,
            "maxLength": SIZES,
            "minItems": SIZES,
            "maxItems": SIZES,
            "minProperties": SIZES,
            "maxProperties": SIZES,
        },
    )


SCHEMAS = st.recursive(_schemas(st.just({})), _schemas, max_leaves=4)


def _without_nulls(value: Any) -> Any:
    """Null stands for what is left out, so properties that are null are no case to compare."""
    match value:
        case dict():
            parts = cast(dict[str, Any], value).items()
            return {key: _without_nulls(part) for key, part in parts if part is not None}
        case list():
            return [_without_nulls(part) for part in cast(list[Any], value)]
        case _:
            return value


@settings(deadline=None, max_examples=60)
@given(value=VALUES.map(_without_nulls), schema=SCHEMAS)
def test_a_value_fits_when_the_reference_says_so(value: Any, schema: dict[str, Any]) -> None:
    assert (violations(value, schema) == []) == _fits_reference(value, schema)


def _fits_reference(value: Any, schema: dict[str, Any]) -> bool:
    try:
        jsonschema.validate(value, schema, jsonschema.Draft202012Validator)
    except jsonschema.ValidationError:
        return False
    return True


@pytest.mark.parametrize(
    ("value", "schema", "reason"),
    [
        ("x", {"type": "integer"}, "The value must be of type integer, not 'x'."),
        (
            True,
            {"type": ["integer", "null"]},
            "The value must be of type integer or null, not True.",
        ),
        (
            {"a": [{"b": 1}]},
            {"properties": {"a": {"items": {"properties": {"b": {"type": "string"}}}}}},
            "`a[0].b` must be of type string, not 1.",
        ),
        ({}, {"required": ["a"]}, "`a` is required."),
        ({"a": 1}, {"additionalProperties": False}, "`a` is not allowed."),
        (3, {"enum": [1, 2]}, "The value must be one of 1, 2, not 3."),
        ("ab", {"maxLength": 1}, "The value must have at most 1 characters."),
        (
            5,
            {"$ref": "#/$defs/no"},
            "The value cannot be checked: its schema refers to '#/$defs/no'",
        ),
    ],
)
def test_a_reason_says_where_and_what(value: Any, schema: dict[str, Any], reason: str) -> None:
    [found] = violations(value, schema)
    assert found.startswith(reason)


@pytest.mark.parametrize("root", ["definitions", "$defs"])
def test_definitions_of_either_generation_are_found(root: str) -> None:
    schema = {
        root: {"a/b": {"type": "string"}},
        "properties": {"x": {"$ref": f"#/{root}/a~1b"}},
    }
    assert violations({"x": "yes"}, schema) == []
    assert violations({"x": 1}, schema) == ["`x` must be of type string, not 1."]


def test_a_recursive_schema_ends_where_the_value_does() -> None:
    schema = {"$defs": {"tree": {"items": {"$ref": "#/$defs/tree"}, "type": "array"}}}
    tree = schema | {"$ref": "#/$defs/tree"}
    assert violations([[], [[]]], tree) == []
    assert violations([[1]], tree) == ["`[0][0]` must be of type array, not 1."]


def test_a_schema_that_refers_to_itself_alone_is_found_out() -> None:
    [reason] = violations(1, {"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"})
    assert "refers to itself without end" in reason


def test_null_stands_for_an_optional_property_that_is_left_out() -> None:
    schema = {"properties": {"a": {"type": "string"}}}
    assert violations({"a": None}, schema) == []
    assert violations({"a": None}, schema | {"required": ["a"]}) != []


def test_what_is_required_may_be_ignored_at_any_depth() -> None:
    schema = {"required": ["a"], "properties": {"b": {"required": ["c"]}}}
    assert violations({"b": {}}, schema, ignore_required=True) == []
    assert len(violations({"b": {}}, schema)) == 2


def test_an_opaque_part_fits_everything() -> None:
    schema = {"properties": {"a": {"type": "integer"}}}
    assert violations({"a": "?"}, schema, is_opaque=lambda value: value == "?") == []


@pytest.mark.parametrize(
    "schema", [{"pattern": "("}, {"type": 5}, {"required": 3}, {"minimum": "x"}, {"allOf": 1}]
)
def test_a_malformed_schema_is_a_reason_and_not_an_accident(schema: dict[str, Any]) -> None:
    values: tuple[Any, ...] = ("text", 5, {})
    found = [violations(value, schema) for value in values]
    assert any(reasons and "schema is malformed" in reasons[0] for reasons in found)


def test_only_the_first_reasons_are_told() -> None:
    require_fit("Nothing", [])
    with pytest.raises(RequestInvalid, match=r"They do not fit: 0 1 2 3 4 And 2 more\."):
        require_fit("They", [str(number) for number in range(7)])
