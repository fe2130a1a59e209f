"""Values that say how they are to be got: by reading JSON, by a template, from a variable."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias, cast

from jinja2 import TemplateSyntaxError
from jinja2.sandbox import SandboxedEnvironment

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
    return set(_variables(value))


def hydrate(value: JsonValue, variables: Mapping[str, JsonValue]) -> Hydrated:
    """Replace the parts that say how they are to be got by what they mean."""
    errors: list[Violation] = []
    return Hydrated(_hydrated(value, (), variables, errors), errors)


@dataclass(frozen=True, slots=True)
class _Pending:
    """A value that nothing can be said about yet: a template, or one that could not be got."""

    text: str | None = None


class _CannotBeGot(Exception):
    """Why not."""


def _is_pending(value: JsonValue) -> bool:
    return isinstance(value, _Pending)


def _hydrated(
    value: JsonValue,
    place: Place,
    variables: Mapping[str, JsonValue],
    errors: list[Violation],
) -> JsonValue:
    if isinstance(value, list):
        items = cast("list[JsonValue]", value)
        return [_hydrated(item, (*place, n), variables, errors) for n, item in enumerate(items)]
    if not isinstance(value, dict):
        return value
    fields = cast(JsonObject, value)
    if KIND not in fields:
        return {
            name: _hydrated(part, (*place, name), variables, errors)
            for name, part in fields.items()
        }
    try:
        return _KINDS.get(str(fields[KIND]), _unknown)(fields, variables)
    except _CannotBeGot as reason:
        where = ".".join(map(str, place))
        errors.append(Violation(f"`{where}` {reason}", place, str(reason)))
        return _Pending()


def _none(fields: JsonObject, _: Mapping[str, JsonValue]) -> JsonValue:
    return fields.get("value")


def _json(fields: JsonObject, _: Mapping[str, JsonValue]) -> JsonValue:
    try:
        return json.loads(fields.get("value") or "null")
    except (TypeError, ValueError) as error:
        raise _CannotBeGot(f"Invalid JSON: {error}") from error


def _jinja(fields: JsonObject, _: Mapping[str, JsonValue]) -> JsonValue:
    template = str(fields.get("template") or "")
    try:
        SandboxedEnvironment().parse(template)
    except TemplateSyntaxError as error:
        raise _CannotBeGot(f"Invalid jinja: {error.message}") from error
    return _Pending(template)


def _variable(fields: JsonObject, variables: Mapping[str, JsonValue]) -> JsonValue:
    name = str(fields.get("variable_name"))
    if name not in variables:
        raise _CannotBeGot(f"Variable {name!r} not found in workspace.")
    return variables[name]


def _unknown(fields: JsonObject, _: Mapping[str, JsonValue]) -> JsonValue:
    raise _CannotBeGot(f"must not be of the kind {fields[KIND]!r}: it is not known.")


_Kind: TypeAlias = Callable[[JsonObject, Mapping[str, JsonValue]], JsonValue]
_KINDS: Final[Mapping[str, _Kind]] = {
    "none": _none,
    "json": _json,
    "jinja": _jinja,
    "workspace_variable": _variable,
}


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


def _variables(value: JsonValue) -> Iterator[str]:
    if isinstance(value, list):
        for item in cast("list[JsonValue]", value):
            yield from _variables(item)
    elif isinstance(value, dict):
        fields = cast(JsonObject, value)
        if fields.get(KIND) == "workspace_variable":
            yield str(fields.get("variable_name"))
        elif KIND not in fields:
            for part in fields.values():
                yield from _variables(part)
