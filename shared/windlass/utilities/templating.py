"""Public: placeholders (`{{ name }}`) in JSON, filled in with values."""

import json
import os
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, cast

from windlass.exceptions import WindlassError
from windlass.schemas.base import JsonObject, JsonValue

_PLACEHOLDER: Final = re.compile(r"{{\s*([^{}]+?)\s*}}")
_NO_VALUE: Final = object()


class PlaceholderUnresolved(WindlassError):
    """A placeholder refers to something that cannot be looked up here."""


def apply_values(template: JsonValue, values: Mapping[str, JsonValue]) -> JsonValue:
    """The template with its placeholders filled in; None for one that is alone without a value.

    A placeholder that is a whole text takes the value with its type, and leaves its key or its
    place in a list out where there is no value. One inside a text is put in as text. `a.b` is a
    part of `a`; `$NAME` is a variable of this process's environment. Raises PlaceholderUnresolved
    for references to blocks and to stored variables that are not among the values.
    """
    filled = _filled(template, values)
    return None if filled is _NO_VALUE else filled


def apply_known_values(template: JsonValue, values: Mapping[str, JsonValue]) -> JsonValue:
    """The template with those of its placeholders filled in that have a value; the others stay,
    references to blocks and to stored variables among them.
    """
    return _applied_to(lambda name: not _is_unknown(name, values), template, values)


def apply_references(template: JsonValue, found: Mapping[str, JsonValue]) -> JsonValue:
    """The template with only those placeholders filled in that `found` has the value of."""
    return _applied_to(found.__contains__, template, found)


def references(template: JsonValue) -> set[str]:
    """The placeholders of the template that refer to blocks and to stored variables."""
    return {name for name in _placeholders(template) if _is_reference(name)}


def missing_values(template: JsonValue, values: Mapping[str, JsonValue]) -> list[str]:
    """The placeholders of the template that have no value, but for references to blocks and to
    stored variables; sorted.
    """
    names = _placeholders(template)
    return sorted(name for name in names if not _is_reference(name) and _is_unknown(name, values))


def _placeholders(template: JsonValue) -> set[str]:
    return set(_PLACEHOLDER.findall(json.dumps(template, default=str, ensure_ascii=False)))


def _applied_to(
    is_meant: Callable[[str], bool], template: JsonValue, values: Mapping[str, JsonValue]
) -> JsonValue:
    if isinstance(template, dict):
        parts = cast(JsonObject, template).items()
        return {key: _applied_to(is_meant, part, values) for key, part in parts}
    if isinstance(template, list):
        parts = cast(list[JsonValue], template)
        return [_applied_to(is_meant, part, values) for part in parts]
    if not isinstance(template, str):
        return template
    alone = _PLACEHOLDER.fullmatch(template.strip())
    if alone is not None:
        return _value_of(alone[1], values) if is_meant(alone[1]) else template

    def applied(found: re.Match[str]) -> str:
        return _as_text(found, values) if is_meant(found[1]) else found[0]

    return _PLACEHOLDER.sub(applied, template)


def _is_unknown(name: str, values: Mapping[str, JsonValue]) -> bool:
    return _is_reference(name) or _value_of(name, values) is None


def _is_reference(name: str) -> bool:
    return name.startswith(("prefect.", "windlass."))


def _filled(value: JsonValue, values: Mapping[str, JsonValue]) -> JsonValue:
    if isinstance(value, str):
        return _filled_text(value, values)
    if isinstance(value, dict):
        filled = {key: _filled(part, values) for key, part in cast(JsonObject, value).items()}
        return {key: part for key, part in filled.items() if part is not _NO_VALUE}
    if isinstance(value, list):
        parts = [_filled(part, values) for part in cast(list[JsonValue], value)]
        return [part for part in parts if part is not _NO_VALUE]
    return value


def _filled_text(text: str, values: Mapping[str, JsonValue]) -> JsonValue:
    alone = _PLACEHOLDER.fullmatch(text.strip())
    if alone is None:
        return _PLACEHOLDER.sub(partial(_as_text, values=values), text)
    value = _value_of(alone[1], values)
    return _NO_VALUE if value is None else value


def _as_text(found: re.Match[str], values: Mapping[str, JsonValue]) -> str:
    value = _value_of(found[1], values)
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value)


def _value_of(name: str, values: Mapping[str, JsonValue]) -> JsonValue:
    if name in values:
        return values[name]
    if name.startswith("$"):
        return os.environ.get(name.removeprefix("$"))
    if _is_reference(name):
        raise PlaceholderUnresolved(
            f"`{{{{ {name} }}}}` refers to something that cannot be looked up here."
            " Put the value itself in its place."
        )
    found: JsonValue = values
    for part in name.split("."):
        found = cast(JsonObject, found).get(part) if isinstance(found, Mapping) else None
    return found
