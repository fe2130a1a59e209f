"""Whether a value fits a JSON Schema, and where it does not.

The part of JSON Schema that pydantic writes (versions 1 and 2) and that people write into job
templates by hand; formats are hints, as the specification has it, and are not checked.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Self, TypeAlias, cast

from windlass.exceptions import RequestInvalid
from windlass.schemas.base import JsonObject, JsonValue

_DEEPEST: Final = 64
"""Deeper than any value that people write; only a schema that refers to itself gets there."""
_FIRST_REASONS: Final = 5


class Violation(str):
    """A sentence that says where a value does not fit, and why.

    `place` is the where in steps from the root, `reason` the sentence without it.
    """

    __slots__ = ("place", "reason")

    place: "Place"
    reason: str

    def __new__(cls, sentence: str, place: "Place", reason: str) -> Self:
        made = super().__new__(cls, sentence)
        made.place, made.reason = place, reason
        return made


Place: TypeAlias = tuple[str | int, ...]


def _nothing_is_opaque(_: JsonValue) -> bool:
    return False


def violations(
    value: JsonValue,
    schema: JsonObject,
    *,
    ignore_required: bool = False,
    is_opaque: Callable[[JsonValue], bool] = _nothing_is_opaque,
) -> list[Violation]:
    """Why `value` does not fit `schema`: sentences that begin with the place; none if it fits.

    Null stands for an optional property that is left out, whatever the schema says: pydantic 1 did
    not say which optional fields take it. `ignore_required` accepts an object without its required
    properties, at any depth. A part for which `is_opaque` holds fits everything. A malformed schema
    is a reason too: people write schemas by hand.
    """
    at = _At((), _Terms(schema, ignore_required, is_opaque))
    try:
        return list(_check(at, value, schema))
    except (TypeError, ValueError, ArithmeticError, AttributeError, re.error) as error:
        malformed = f"The schema is malformed: {error}."
        return [Violation(malformed, (), malformed)]


def require_fit(
    whose: str, reasons: Sequence[str], error: type[RequestInvalid] = RequestInvalid
) -> None:
    """Raises the error with the first of the reasons, if there are any."""
    if reasons:
        more = len(reasons) - _FIRST_REASONS
        shown = " ".join(reasons[:_FIRST_REASONS]) + (f" And {more} more." if more > 0 else "")
        message = f"{whose} do not fit: {shown}"
        raise error(message)


@dataclass(frozen=True, slots=True)
class _Terms:
    root: JsonObject
    ignore_required: bool
    is_opaque: Callable[[JsonValue], bool]


@dataclass(frozen=True, slots=True)
class _At:
    """A place in the value, and how many schemas lie around it."""

    place: Place
    terms: _Terms
    depth: int = 0

    def inside(self, key: str | int) -> "_At":
        return replace(self, place=(*self.place, key))

    def says(self, sentence: str) -> Violation:
        where = f"`{_path(self.place)}`" if self.place else "The value"
        return Violation(f"{where} {sentence}", self.place, sentence)


_Found: TypeAlias = Iterator[Violation]


def _check(at: _At, value: JsonValue, schema: JsonValue) -> _Found:
    if at.depth > _DEEPEST:
        yield at.says("cannot be checked: its schema refers to itself without end.")
    elif schema is False:
        yield at.says("is not allowed.")
    elif isinstance(schema, dict) and not at.terms.is_opaque(value):
        keywords = cast(JsonObject, schema)
        deeper = replace(at, depth=at.depth + 1)
        for keyword, argument in keywords.items():
            check = _KEYWORDS.get(keyword)
            if check is not None:
                yield from check(deeper, value, argument, keywords)


def _fits(at: _At, value: JsonValue, schema: JsonValue) -> bool:
    return next(_check(at, value, schema), None) is None


def _type(at: _At, value: JsonValue, names: JsonValue, _: JsonObject) -> _Found:
    wanted: list[str] = [names] if isinstance(names, str) else names
    if not any(_TYPES.get(name, _is_never)(value) for name in wanted):
        yield at.says(f"must be of type {' or '.join(wanted)}, not {_shown(value)}.")


def _reference(at: _At, value: JsonValue, reference: JsonValue, _: JsonObject) -> _Found:
    target: JsonValue = at.terms.root
    for step in str(reference).removeprefix("#").split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        target = cast(JsonObject, target).get(name) if isinstance(target, dict) else None
    if target is None:
        yield at.says(f"cannot be checked: its schema refers to {reference!r}, which is not there.")
    else:
        yield from _check(at, value, target)


def _enum(at: _At, value: JsonValue, allowed: JsonValue, _: JsonObject) -> _Found:
    if not any(_equal(value, one) for one in allowed):
        yield at.says(f"must be one of {', '.join(map(repr, allowed))}, not {_shown(value)}.")


def _const(at: _At, value: JsonValue, only: JsonValue, _: JsonObject) -> _Found:
    if not _equal(value, only):
        yield at.says(f"must be {only!r}, not {_shown(value)}.")


def _all_of(at: _At, value: JsonValue, schemas: JsonValue, _: JsonObject) -> _Found:
    for schema in schemas:
        yield from _check(at, value, schema)


def _any_of(at: _At, value: JsonValue, schemas: JsonValue, _: JsonObject) -> _Found:
    reasons: list[Violation] = []
    for schema in schemas:
        found = list(_check(at, value, schema))
        if not found:
            return
        reasons += found
    if reasons:
        yield Violation(_either(reasons), at.place, _either(each.reason for each in reasons))
    else:
        yield at.says("fits none of the alternatives.")


def _either(sentences: Iterable[str]) -> str:
    return " Or ".join(dict.fromkeys(sentences))


def _one_of(at: _At, value: JsonValue, schemas: JsonValue, parent: JsonObject) -> _Found:
    fitting = sum(_fits(at, value, schema) for schema in schemas)
    if fitting > 1:
        yield at.says(f"fits {fitting} alternatives where exactly one must fit.")
    elif not fitting:
        yield from _any_of(at, value, schemas, parent)


def _not(at: _At, value: JsonValue, schema: JsonValue, _: JsonObject) -> _Found:
    if _fits(at, value, schema):
        yield at.says(f"must not be {_shown(value)}.")


def _properties(at: _At, value: JsonValue, properties: JsonValue, parent: JsonObject) -> _Found:
    if not isinstance(value, dict):
        return
    required = parent.get("required", ())
    for name, part in cast(JsonObject, value).items():
        left_out = part is None and name not in required
        if name in properties and not left_out:
            yield from _check(at.inside(name), part, properties[name])


def _additional(at: _At, value: JsonValue, schema: JsonValue, parent: JsonObject) -> _Found:
    if not isinstance(value, dict):
        return
    for name, part in cast(JsonObject, value).items():
        if name not in parent.get("properties", ()):
            yield from _check(at.inside(name), part, schema)


def _required(at: _At, value: JsonValue, names: JsonValue, _: JsonObject) -> _Found:
    if isinstance(value, dict) and not at.terms.ignore_required:
        for name in names:
            if name not in value:
                yield at.inside(name).says("is required.")


def _items(at: _At, value: JsonValue, schema: JsonValue, parent: JsonObject) -> _Found:
    if not isinstance(value, list):
        return
    if isinstance(schema, list):
        yield from _prefix_items(at, value, schema, parent)
        return
    for index in range(len(parent.get("prefixItems", ())), len(cast(list[JsonValue], value))):
        yield from _check(at.inside(index), value[index], schema)


def _prefix_items(at: _At, value: JsonValue, schemas: JsonValue, _: JsonObject) -> _Found:
    if isinstance(value, list):
        parts = cast(list[JsonValue], value)
        for index, (part, schema) in enumerate(zip(parts, schemas, strict=False)):
            yield from _check(at.inside(index), part, schema)


def _unique_items(at: _At, value: JsonValue, wanted: JsonValue, _: JsonObject) -> _Found:
    if not (wanted and isinstance(value, list)):
        return
    parts = cast(list[JsonValue], value)
    if any(_equal(one, other) for n, one in enumerate(parts) for other in parts[:n]):
        yield at.says("must not hold the same item twice.")


def _pattern(at: _At, value: JsonValue, pattern: JsonValue, _: JsonObject) -> _Found:
    if isinstance(value, str) and not re.search(pattern, value):
        yield at.says(f"must match the pattern {pattern!r}.")


def _multiple_of(at: _At, value: JsonValue, factor: JsonValue, _: JsonObject) -> _Found:
    if _is_number(value) and not _is_integer(value / factor):
        yield at.says(f"must be a multiple of {factor}.")


_Check: TypeAlias = Callable[[_At, JsonValue, JsonValue, JsonObject], _Found]


def _bound(holds: Callable[[JsonValue, JsonValue], bool], words: str) -> _Check:
    def check(at: _At, value: JsonValue, bound: JsonValue, _: JsonObject) -> _Found:
        if _is_number(value) and not holds(value, bound):
            yield at.says(f"must be {words} {bound}, not {_shown(value)}.")

    return check


def _size(kind: type, holds: Callable[[int, int], bool], words: str, unit: str) -> _Check:
    def check(at: _At, value: JsonValue, bound: JsonValue, _: JsonObject) -> _Found:
        if isinstance(value, kind) and not holds(len(value), bound):
            yield at.says(f"must have {words} {bound} {unit}.")

    return check


def _at_least(size: JsonValue, bound: JsonValue) -> bool:
    return size >= bound


def _at_most(size: JsonValue, bound: JsonValue) -> bool:
    return size <= bound


def _is_number(value: JsonValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_integer(value: JsonValue) -> bool:
    return _is_number(value) and (isinstance(value, int) or value.is_integer())


def _is_never(_: JsonValue) -> bool:
    return False


def _equal(one: JsonValue, other: JsonValue) -> bool:
    # In JSON true is not 1, at any depth.
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        ours, theirs = cast(list[JsonValue], one), cast(list[JsonValue], other)
        return len(ours) == len(theirs) and all(map(_equal, ours, theirs))
    if isinstance(one, dict) and isinstance(other, dict):
        mine, its = cast(JsonObject, one), cast(JsonObject, other)
        return mine.keys() == its.keys() and all(_equal(mine[key], its[key]) for key in mine)
    return bool(one == other)


def _path(place: Place) -> str:
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    return "".join(steps).removeprefix(".")


def _shown(value: JsonValue) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."  # noqa: PLR2004


_TYPES: Final[Mapping[str, Callable[[JsonValue], bool]]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "integer": _is_integer,
    "number": _is_number,
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}

_KEYWORDS: Final[Mapping[str, _Check]] = {
    "type": _type,
    "$ref": _reference,
    "enum": _enum,
    "const": _const,
    "allOf": _all_of,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "not": _not,
    "properties": _properties,
    "additionalProperties": _additional,
    "required": _required,
    "items": _items,
    "prefixItems": _prefix_items,
    "uniqueItems": _unique_items,
    "pattern": _pattern,
    "multipleOf": _multiple_of,
    "minimum": _bound(_at_least, "at least"),
    "maximum": _bound(_at_most, "at most"),
    "exclusiveMinimum": _bound(lambda value, bound: value > bound, "greater than"),
    "exclusiveMaximum": _bound(lambda value, bound: value < bound, "less than"),
    "minLength": _size(str, _at_least, "at least", "characters"),
    "maxLength": _size(str, _at_most, "at most", "characters"),
    "minItems": _size(list, _at_least, "at least", "items"),
    "maxItems": _size(list, _at_most, "at most", "items"),
    "minProperties": _size(dict, _at_least, "at least", "properties"),
    "maxProperties": _size(dict, _at_most, "at most", "properties"),
}
