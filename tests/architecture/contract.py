"""Whether an OpenAPI document keeps to the wire contract, operation by operation.

An operation holds when its path (names of parameters aside), method and success status are there,
everything that the contract lets a client send is accepted and no more is required, and everything
that the contract lets it read is answered, with types that the contract knows.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

Schema: TypeAlias = dict[str, Any]

_SUCCESS: Final = ("200", "201", "202", "204")
_DEEPEST: Final = 3
"""Objects inside of objects that are compared."""


@dataclass(frozen=True, slots=True)
class Side:
    """A schema, and the document in which its references are found."""

    document: Schema
    schema: Schema

    def at(self, schema: Schema) -> "Side":
        """Another schema of the same document."""
        return Side(self.document, schema)

    def resolved(self) -> "Side":
        """What a reference refers to."""
        schema = self.schema
        while "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[-1]
            schema = self.document["components"]["schemas"].get(name, {})
        return self.at(schema)

    def alternatives(self) -> list["Side"]:
        """The schema itself, or all that a union may be."""
        side = self.resolved()
        for union in ("anyOf", "oneOf"):
            if union in side.schema:
                parts = [side.at(part).alternatives() for part in side.schema[union]]
                return [one for part in parts for one in part]
        if "allOf" in side.schema:
            return [one for part in side.schema["allOf"] for one in side.at(part).alternatives()]
        return [side]

    def types(self) -> set[str]:
        """JSON types; integers are numbers."""
        return {kind for one in self.alternatives() for kind in _types_of(one.schema)}

    def fields(self) -> dict[str, "Side"]:
        """The known fields of the object that it is or may be."""
        return {
            name: one.at(field)
            for one in self.alternatives()
            for name, field in one.schema.get("properties", {}).items()
        }

    def required(self) -> set[str]:
        """The fields that are required whatever alternative is taken."""
        objects = [one.schema for one in self.alternatives() if "properties" in one.schema]
        needs: list[set[str]] = [set(schema.get("required", ())) for schema in objects]
        return set[str].intersection(*needs) if needs else set()

    def item(self) -> "Side | None":
        """What the array that it is or may be holds."""
        for one in self.alternatives():
            if one.schema.get("type") == "array" and "items" in one.schema:
                return one.at(one.schema["items"])
        return None

    def takes_anything(self) -> bool:
        """Whether fields may have any name."""
        return any(
            one.schema.get("additionalProperties") not in (None, False)
            for one in self.alternatives()
        )


def departures(contract: Schema, ours: Schema) -> dict[str, list[str]]:
    """What does not hold, by operation: `GET /flows/{id}`."""
    mine = {
        (_shape(path), method): operation
        for path, methods in ours["paths"].items()
        for method, operation in methods.items()
    }
    found: dict[str, list[str]] = {}
    for path, methods in contract["paths"].items():
        for method, theirs in methods.items():
            operation = mine.get((_shape(path), method))
            if operation is None:
                faults = ["missing"]
            else:
                faults = list(_compared(Side(contract, theirs), Side(ours, operation)))
            if faults:
                found[f"{method.upper()} {path}"] = faults
    return found


def _compared(theirs: Side, mine: Side) -> Iterator[str]:
    status, answered = _success(theirs)
    my_status, my_answer = _success(mine)
    if status != my_status:
        yield f"answers {my_status}, not {status}"
    yield from _compared_queries(theirs.schema, mine.schema)
    asked, my_asked = _body(theirs), _body(mine)
    if asked is not None:
        if my_asked is None:
            yield "takes no body"
        else:
            yield from _compared_requests(asked, my_asked, "", 0)
    if answered is not None and answered.schema:
        if my_answer is None:
            yield "answers nothing"
        else:
            yield from _compared_answers(answered, my_answer, "", 0)


def _compared_queries(theirs: Schema, mine: Schema) -> Iterator[str]:
    asked, my_asked = _queries(theirs), _queries(mine)
    yield from (f"query {name}: not accepted" for name in asked.keys() - my_asked.keys())
    for name, needed in my_asked.items():
        if needed and not asked.get(name):
            yield f"query {name}: required"


def _compared_requests(theirs: Side, mine: Side, path: str, depth: int) -> Iterator[str]:
    my_fields = mine.fields()
    for name, field in theirs.fields().items():
        here = f"{path}.{name}"
        if name not in my_fields:
            if not mine.takes_anything():
                yield f"request {here}: not accepted"
        elif depth < _DEEPEST:
            yield from _compared_types(field, my_fields[name], f"request {here}")
            yield from _compared_requests(field, my_fields[name], here, depth + 1)
    for name in sorted(mine.required() - theirs.required()):
        yield f"request {path}.{name}: required"
    item, my_item = theirs.item(), mine.item()
    if item is not None and my_item is not None and depth < _DEEPEST:
        yield from _compared_requests(item, my_item, f"{path}[]", depth + 1)


def _compared_answers(theirs: Side, mine: Side, path: str, depth: int) -> Iterator[str]:
    yield from _compared_types(theirs, mine, f"answer {path or '.'}")
    if depth > _DEEPEST:
        return
    my_fields = mine.fields()
    for name, field in theirs.fields().items():
        if name in my_fields:
            yield from _compared_answers(field, my_fields[name], f"{path}.{name}", depth + 1)
        elif my_fields or "any" not in mine.types():
            yield f"answer {path}.{name}: missing"
    item, my_item = theirs.item(), mine.item()
    if item is not None and my_item is not None:
        yield from _compared_answers(item, my_item, f"{path}[]", depth + 1)


def _compared_types(theirs: Side, mine: Side, where: str) -> Iterator[str]:
    wanted, given = theirs.types(), mine.types()
    if "any" not in wanted | given and not wanted <= given:
        yield f"{where}: {_listed(wanted)} is not in {_listed(given)}"


def _listed(types: set[str]) -> str:
    return "|".join(sorted(types))


def _shape(path: str) -> str:
    return re.sub(r"^/api(?=/)", "", re.sub(r"\{[^}]*\}", "{}", path)).rstrip("/") or "/"


def _queries(operation: Schema) -> dict[str, bool]:
    """The query parameters, and whether each is required."""
    return {
        parameter["name"]: parameter.get("required", False)
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "query"
    }


def _body(operation: Side) -> Side | None:
    schema = _json(operation.schema.get("requestBody", {}))
    return None if schema is None else operation.at(schema)


def _success(operation: Side) -> tuple[str | None, Side | None]:
    for status in _SUCCESS:
        if status in operation.schema.get("responses", {}):
            schema = _json(operation.schema["responses"][status])
            return status, None if schema is None else operation.at(schema)
    return None, None


def _json(holder: Schema) -> Schema | None:
    return holder.get("content", {}).get("application/json", {}).get("schema")


def _types_of(schema: Schema) -> Iterator[str]:
    if "const" in schema or "enum" in schema:
        for value in schema.get("enum", [schema.get("const")]):
            yield _type_of(value)
        return
    kind: str | list[str] = schema.get("type", "object" if "properties" in schema else "any")
    for one in [kind] if isinstance(kind, str) else kind:
        yield "number" if one == "integer" else one


def _type_of(value: object) -> str:
    match value:
        case None:
            return "null"
        case str():
            return "string"
        case bool():
            return "any"
        case int() | float():
            return "number"
        case _:
            return "any"
