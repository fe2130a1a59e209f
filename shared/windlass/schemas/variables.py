"""Variables: named values that flows, deployments and people share."""

import json
import re
from typing import Annotated, Any, Final, TypeAlias

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from windlass.schemas.base import Shape, Stored

MOST_VALUE_CHARACTERS: Final = 5000
"""Most characters of a value, as JSON."""

_NAME: Final = re.compile(r"[a-z0-9_-]*")


def _check_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(
            "Variable name must only contain lowercase letters, numbers, and dashes or underscores."
        )
    return name


def _check_value(value: "VariableValue") -> "VariableValue":
    size = len(json.dumps(value))
    if size > MOST_VALUE_CHARACTERS:
        raise ValueError(
            f"Variable value must take at most {MOST_VALUE_CHARACTERS} characters as JSON, not"
            f" {size}."
        )
    return value


VariableName: TypeAlias = Annotated[
    str, StringConstraints(max_length=255), AfterValidator(_check_name)
]
VariableValue: TypeAlias = str | int | bool | float | dict[str, Any] | list[Any] | None
"""What JSON can say."""
_Value: TypeAlias = Annotated[VariableValue, AfterValidator(_check_value)]


class VariableCreate(Shape):
    """A variable to create."""

    name: VariableName
    value: _Value
    tags: list[str] = Field(default_factory=list)


class VariableUpdate(Shape):
    """What to change of a variable: only the fields that are set (`model_fields_set`)."""

    name: VariableName | None = None
    value: _Value = None
    tags: list[str] | None = None

    @model_validator(mode="after")
    def _keeps_what_it_needs(self) -> "VariableUpdate":
        for needed in self.model_fields_set & {"name", "tags"}:
            if getattr(self, needed) is None:
                raise ValueError(f"`{needed}` of a variable cannot be null.")
        return self


class Variable(Stored):
    """A variable."""

    name: VariableName
    value: VariableValue
    tags: list[str] = Field(default_factory=list)
