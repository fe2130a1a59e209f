"""Type hints as a model of the parameters, and the arguments of `map`."""

from datetime import date
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field

from windlass import allow_failure, flow, unmapped
from windlass.exceptions import (
    MappingLengthMismatch,
    MappingMissingIterable,
    ParameterTypeError,
)
from windlass.utilities.binding import Binder
from windlass.utilities.callables import parameter_docstrings, parameter_schema
from windlass.utilities.mapping import expand_mapping_parameters


class Person(BaseModel):
    name: str
    born: date | None = None


@flow
def greet(
    person: Person,
    copy: Annotated[int, Field(ge=1)] = 1,
    _loud: bool = False,
    *rest: int,
    **more: float,
) -> None:
    """Greet somebody.

    Args:
        person: Who it is,
            and when they were born.
        copy (int): How often.
    """


def test_parameters_are_cast_to_their_type_hints() -> None:
    cast = greet.validate_parameters(
        {"person": {"name": "Ada"}, "copy": "2", "_loud": "yes", "rest": ("1",), "more": {"x": 1}}
    )

    assert cast == {
        "person": Person(name="Ada"),
        "copy": 2,
        "_loud": True,
        "rest": (1,),
        "more": {"x": 1.0},
    }


def test_what_is_not_given_has_its_default() -> None:
    assert greet.validate_parameters({"person": Person(name="Ada")})["copy"] == 1


def test_every_parameter_that_does_not_fit_is_named() -> None:
    with pytest.raises(ParameterTypeError) as refusal:
        greet.validate_parameters({"person": {}, "copy": 0, "unknown": 1})

    message = str(refusal.value)
    assert "person.name: Field required" in message
    assert "copy: Input should be greater than or equal to 1" in message
    assert "unknown: Extra inputs are not permitted" in message


def test_a_default_made_with_field_keeps_its_constraints() -> None:
    @flow
    def limited(size: int = Field(default=3, le=5)) -> int:
        return size

    assert limited.validate_parameters({"size": limited.binder.bind((), {})["size"]}) == {"size": 3}
    with pytest.raises(ParameterTypeError, match="less than or equal to 5"):
        limited.validate_parameters({"size": 6})


def test_a_hint_that_cannot_be_evaluated_lets_everything_pass() -> None:
    def hinted(x: int, y: object) -> None: ...

    hinted.__annotations__["y"] = "OnlyForTypeCheckers"

    assert flow(hinted).validate_parameters({"x": "1", "y": "any"}) == {"x": 1, "y": "any"}


def test_the_schema_has_types_defaults_positions_and_what_the_docstring_says() -> None:
    schema = greet.parameters.model_dump()

    assert schema["required"] == ["person"]
    assert schema["properties"]["person"]["description"] == "Who it is, and when they were born."
    assert schema["properties"]["copy"] == {
        "default": 1,
        "minimum": 1,
        "type": "integer",
        "title": "copy",
        "position": 1,
        "description": "How often.",
    }
    assert "Person" in schema["definitions"]
    assert schema == parameter_schema(greet.fn).model_dump()


def test_a_docstring_without_a_section_of_parameters_says_nothing_about_them() -> None:
    assert parameter_docstrings("One line: nothing more.") == {}


def add(x: Any, y: Any = 1, *, z: Any = 2) -> Any:
    return x + y + z


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"x": [1, 2]}, [{"x": 1, "y": 1, "z": 2}, {"x": 2, "y": 1, "z": 2}]),
        ({"x": [1, 2], "y": (3, 4)}, [{"x": 1, "y": 3, "z": 2}, {"x": 2, "y": 4, "z": 2}]),
        ({"x": range(1), "y": unmapped([5, 6])}, [{"x": 0, "y": [5, 6], "z": 2}]),
        ({"x": ["a"], "y": "bc"}, [{"x": "a", "y": "bc", "z": 2}]),
        ({"x": []}, []),
    ],
)
def test_map_takes_one_element_of_every_iterable_for_each_run(
    given: dict[str, Any], expected: list[dict[str, Any]]
) -> None:
    assert expand_mapping_parameters(Binder(add), given) == expected


def test_map_marks_each_element_of_what_may_fail() -> None:
    [one] = expand_mapping_parameters(Binder(add), {"x": allow_failure(["a"])})

    assert one["x"] == allow_failure("a")


def test_map_needs_something_to_iterate_over() -> None:
    with pytest.raises(MappingMissingIterable, match="x"):
        expand_mapping_parameters(Binder(add), {"x": 1})


def test_map_needs_iterables_of_one_length() -> None:
    with pytest.raises(MappingLengthMismatch, match="'x': 1, 'y': 2"):
        expand_mapping_parameters(Binder(add), {"x": [1], "y": [1, 2]})
