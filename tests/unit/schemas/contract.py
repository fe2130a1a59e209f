"""The wire contract's components, and what JSON schemas say about fields."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

Schema: TypeAlias = dict[str, Any]

_CONTRACT: Final = Path(__file__).parents[2] / "compat" / "contract" / "openapi-3.6.7.json"


@dataclass(frozen=True, slots=True)
class Field:
    """What a caller sees of a field: its JSON types, with ``null`` among them, and its presence."""

    types: frozenset[str]
    required: bool


def component(name: str) -> Schema:
    """One component of the contract, in the form in which pydantic writes a schema."""
    return {**_components()[name], "$defs": _components()}


@cache
def asked() -> frozenset[str]:
    """The components that a client sends."""
    bodies = [operation.get("requestBody") for operation in _operations()]
    return frozenset(_reached(bodies, set()))


@cache
def answered() -> frozenset[str]:
    """The components that the server sends."""
    return frozenset(_reached([operation["responses"] for operation in _operations()], set()))


def fields(schema: Schema) -> dict[str, Field]:
    """The fields of an object's schema."""
    required: list[str] = schema.get("required", [])
    return {
        name: Field(types(field, schema["$defs"]), name in required)
        for name, field in schema.get("properties", {}).items()
    }


def types(schema: Schema, definitions: dict[str, Schema]) -> frozenset[str]:
    """JSON types, as ``string``, ``array[string]``, ``object<number|string>``, ``any``, ``null``.

    Integers are numbers, and objects with known fields are just objects.
    """
    if "$ref" in schema:
        return types(definitions[_name(schema["$ref"])], definitions)
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return frozenset[str]().union(*(types(part, definitions) for part in schema[union]))
    kind = schema.get("type", "string" if {"enum", "const"} & schema.keys() else "any")
    if kind == "integer":
        kind = "number"
    elif kind == "array":
        kind = f"array[{_inside(schema.get('items'), definitions)}]"
    elif kind == "object" and "properties" not in schema:
        kind = f"object<{_inside(schema.get('additionalProperties'), definitions)}>"
    return frozenset({kind})


def choices(schema: Schema) -> frozenset[str]:
    """The values of an enumeration; none if it is something else."""
    return frozenset(schema.get("enum", ()))


def _inside(schema: Schema | bool | None, definitions: dict[str, Schema]) -> str:
    return "|".join(sorted(types(schema, definitions))) if isinstance(schema, dict) else "any"


@cache
def _contract() -> Schema:
    return json.loads(_CONTRACT.read_text())


def _components() -> dict[str, Schema]:
    return _contract()["components"]["schemas"]


def _operations() -> Iterator[Schema]:
    for path in _contract()["paths"].values():
        yield from path.values()


def _reached(value: Any, seen: set[str]) -> set[str]:
    if isinstance(value, list):
        for part in cast(list[Any], value):
            _reached(part, seen)
    elif isinstance(value, dict):
        schema = cast(Schema, value)
        if isinstance(reference := schema.get("$ref"), str) and _name(reference) not in seen:
            seen.add(_name(reference))
            _reached(_components()[_name(reference)], seen)
        _reached(list(schema.values()), seen)
    return seen


def _name(reference: str) -> str:
    return reference.rsplit("/", 1)[-1]
