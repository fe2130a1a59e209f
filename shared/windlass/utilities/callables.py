"""Public: what a function takes, as parameters and as a schema."""

import inspect
import re
from collections.abc import Callable
from typing import Any, Final, Literal, TypeVar

from pydantic import BaseModel, Field

from windlass.utilities.binding import Binder, Parameters
from windlass.utilities.parameter_models import ParameterModel

R = TypeVar("R")

_SECTION: Final = re.compile(r"^(?:Args|Arguments|Parameters):\s*$")
_ENTRY: Final = re.compile(r"^(\s+)\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)$")


class ParameterSchema(BaseModel):
    """The parameters of a function as an OpenAPI schema."""

    title: Literal["Parameters"] = "Parameters"
    type: Literal["object"] = "object"
    properties: dict[str, Any] = Field(default_factory=dict)
    required: list[str] = Field(default_factory=list)
    definitions: dict[str, Any] = Field(default_factory=dict)


def parameter_schema(fn: Callable[..., Any]) -> ParameterSchema:
    """The schema of what `fn` takes: types, defaults, constraints, and descriptions from its
    docstring (in Google's format)."""
    return schema_of(ParameterModel(fn, inspect.signature(fn)), fn.__doc__)


def schema_of(model: ParameterModel, docstring: str | None) -> ParameterSchema:
    """The schema of a model of parameters."""
    schema = model.schema(parameter_docstrings(docstring))
    return ParameterSchema(
        properties=schema.get("properties", {}),
        required=schema.get("required", []),
        definitions=schema.get("$defs", {}),
    )


def get_call_parameters(
    fn: Callable[..., Any],
    call_args: tuple[Any, ...],
    call_kwargs: dict[str, Any],
    apply_defaults: bool = True,
) -> Parameters:
    """The parameters of a call of `fn`, by name. Raises ParameterBindError."""
    return Binder(fn).bind(call_args, call_kwargs, with_defaults=apply_defaults)


def get_parameter_defaults(fn: Callable[..., Any]) -> Parameters:
    """The parameters of `fn` that have a default, with it."""
    return dict(Binder(fn).defaults)


def parameters_to_args_kwargs(
    fn: Callable[..., Any], parameters: Parameters
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The positional and keyword arguments that pass `parameters`.

    Raises SignatureMismatchError.
    """
    return Binder(fn).arguments(parameters)


def call_with_parameters(fn: Callable[..., R], parameters: Parameters) -> R:
    """Call `fn` with `parameters`. Raises SignatureMismatchError."""
    args, kwargs = Binder(fn).arguments(parameters)
    return fn(*args, **kwargs)


def parameter_docstrings(docstring: str | None) -> dict[str, str]:
    """What a docstring in Google's format says about each parameter."""
    found: dict[str, str] = {}
    lines = iter(inspect.cleandoc(docstring or "").splitlines())
    if not any(_SECTION.match(line) for line in lines):
        return found
    indent, name = "", ""
    for line in lines:
        entry = _ENTRY.match(line)
        if entry and (not indent or entry[1] == indent):
            indent, name = entry[1], entry[2]
            found[name] = entry[3].strip()
        elif line[:1].isspace() and name:
            found[name] = f"{found[name]} {line.strip()}".strip()
        else:
            break
    return found
