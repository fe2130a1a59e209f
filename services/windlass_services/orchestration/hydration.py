"""Values that say how they are to be got: by reading JSON, by a template, from a variable."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

from jinja2 import ChainableUndefined, TemplateError, TemplateSyntaxError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from windlass.schemas.base import JsonObject, JsonValue
from windlass.schemas.json_schema import Place, Violation, violations

KIND: Final = "__prefect_kind"


@dataclass(frozen=True, slots=True)
class Hydrated:
    """The values themselves, and why some of them could not be got."""

    values: JsonValue
    errors: list[Violation]

    def violations_of(self, schema: JsonObject) -> list[Violation]:
        """Why the values do not fit, those that could not be got included."""
        found = violations(self.values, schema, is_opaque=_is_pending)
        return [*self.errors, *found]

    def settled(self) -> JsonValue:
        """The values for whoever asked for them: a template as its text."""
        return _settled(self.values)


def variables_named_in(value: JsonValue) -> set[str]:
    """The variables that `hydrate` has to know."""
    return {str(fields.get("variable_name")) for fields in _said(value) if _is_variable(fields)}


def says_how(value: JsonValue) -> bool:
    """Whether some part of a value says how it is to be got."""
    return any(True for _ in _said(value))


def hydrate(
    value: JsonValue, variables: Mapping[str, JsonValue], *, render: bool = False
) -> Hydrated:
    """Replace the parts that say how they are to be got by what they mean.

    With `render`, a template becomes its text, rendered with no names, and what says nothing is
    left out; without, a template stays one.
    """
    errors: list[Violation] = []
    return Hydrated(_hydrated(value, (), _Means(variables, render), errors), errors)


@dataclass(frozen=True, slots=True)
class _Pending:
    """A value that nothing can be said about yet: a template, or one that could not be got."""

    text: str | None = None


@dataclass(frozen=True, slots=True)
class _Means:
    variables: Mapping[str, JsonValue]
    render: bool


class _CannotBeGot(Exception):
    """Why not."""


_NOTHING: Final = object()
"""In place of a value that is to be left out."""


def _is_pending(value: JsonValue) -> bool:
    return isinstance(value, _Pending)


def _hydrated(value: JsonValue, place: Place, means: _Means, errors: list[Violation]) -> JsonValue:
    if isinstance(value, list):
        items = cast("list[JsonValue]", value)
        parts = [_hydrated(item, (*place, n), means, errors) for n, item in enumerate(items)]
        return [part for part in parts if part is not _NOTHING]
    if not isinstance(value, dict):
        return value
    fields = cast(JsonObject, value)
    whole = {name: _hydrated(part, (*place, name), means, errors) for name, part in fields.items()}
    whole = {name: part for name, part in whole.items() if part is not _NOTHING}
    if KIND not in whole:
        return whole
    try:
        return _KINDS.get(str(whole[KIND]), _unknown)(whole, means)
    except _CannotBeGot as reason:
        where = ".".join(map(str, place))
        errors.append(Violation(f"`{where}` {reason}", place, str(reason)))
        return _Pending()


def _none(fields: JsonObject, _: _Means) -> JsonValue:
    return fields.get("value")


def _json(fields: JsonObject, means: _Means) -> JsonValue:
    if means.render and "value" not in fields:
        return _NOTHING
    text = fields.get("value") or "null"
    if _is_pending(text):
        return text
    try:
        return json.loads(text)
    except (TypeError, ValueError) as error:
        raise _CannotBeGot(f"Invalid JSON: {error}") from error


def _jinja(fields: JsonObject, means: _Means) -> JsonValue:
    template = str(fields.get("template") or "")
    sandbox = _Sandbox(autoescape=False, undefined=ChainableUndefined)
    try:
        parsed = sandbox.from_string(template)
    except TemplateSyntaxError as error:
        raise _CannotBeGot(f"Invalid jinja: {error.message}") from error
    if not means.render:
        return _Pending(template)
    try:
        return parsed.render()
    except (ArithmeticError, LookupError, TemplateError, TypeError, ValueError) as error:
        raise _CannotBeGot(f"The template cannot be rendered: {error!r}") from error


def _variable(fields: JsonObject, means: _Means) -> JsonValue:
    if means.render and "variable_name" not in fields:
        return _NOTHING
    name = str(fields.get("variable_name"))
    if name not in means.variables:
        raise _CannotBeGot(f"Variable {name!r} not found in workspace.")
    return means.variables[name]


def _unknown(fields: JsonObject, _: _Means) -> JsonValue:
    raise _CannotBeGot(f"must not be of the kind {fields[KIND]!r}: it is not known.")


_Kind: TypeAlias = Callable[[JsonObject, _Means], JsonValue]
_KINDS: Final[Mapping[str, _Kind]] = {
    "none": _none,
    "json": _json,
    "jinja": _jinja,
    "workspace_variable": _variable,
}


class _Sandbox(ImmutableSandboxedEnvironment):
    """Whoever may make runs must not take all the memory of the server with one operator."""

    intercepted_binops = frozenset({"*", "**"})

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if not (isinstance(left, int | float) and isinstance(right, int | float)):
            raise TypeError(f"{operator} is for numbers only")
        if operator == "**" and abs(right) > _LARGEST_EXPONENT:
            raise ValueError(f"an exponent is at most {_LARGEST_EXPONENT}")
        return super().call_binop(context, operator, left, right)


_LARGEST_EXPONENT: Final = 64


def _settled(value: JsonValue) -> JsonValue:
    match value:
        case _Pending(text):
            return text
        case list():
            return [_settled(item) for item in cast("list[JsonValue]", value)]
        case dict():
            return {name: _settled(part) for name, part in cast(JsonObject, value).items()}
        case _:
            return value


def _said(value: JsonValue) -> Iterator[JsonObject]:
    """The parts that say how they are to be got, at any depth."""
    if isinstance(value, list):
        for item in cast("list[JsonValue]", value):
            yield from _said(item)
    elif isinstance(value, dict):
        fields = cast(JsonObject, value)
        if KIND in fields:
            yield fields
        for part in fields.values():
            yield from _said(part)


def _is_variable(fields: JsonObject) -> bool:
    return fields[KIND] == "workspace_variable"
