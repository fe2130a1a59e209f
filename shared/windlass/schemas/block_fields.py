"""What a block schema says of itself: its checksum, what it refers to, which values are secret."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Final, TypeAlias, cast
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ValidationError

from windlass.schemas.base import JsonObject, JsonValue

OBFUSCATED: Final = "********"
"""What is shown in the place of a secret."""

_DEFINITION: Final = re.compile(r'"#/definitions/([^"]+)"')
_MASKS: Final = frozenset({OBFUSCATED, "**********"})
"""The second is how pydantic shows a secret; a client that read one sends it back so."""


def block_schema_checksum(fields: JsonObject) -> str:
    """The checksum of a block schema, the same in every client and server.

    Which fields are secret, the definitions of other blocks (their checksums are in
    `block_schema_references`) and those that nothing refers to do not change it.
    """
    counted = without_key(fields, "secret_fields")
    if definitions := definitions_of(counted):
        del counted["definitions"]
        needed = definitions_of(with_needed_definitions(counted, definitions))
        if own := {name: one for name, one in needed.items() if not is_block(one)}:
            counted["definitions"] = own
    text = json.dumps([[counted], {}], sort_keys=True)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


class _Reference(BaseModel):
    block_type_slug: str
    block_schema_checksum: str


class _Read(BaseModel):
    """The parts of the fields that are read."""

    title: str | None = None
    definitions: dict[str, JsonObject] | None = None
    block_schema_references: dict[str, _Reference | list[_Reference]] | None = None
    secret_fields: list[str] | None = None


def _readable(fields: JsonObject) -> JsonObject:
    try:
        _Read.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ValueError(f"{place}: {first['msg']}") from None
    return fields


BlockFields: TypeAlias = Annotated[JsonObject, AfterValidator(_readable)]
"""JSON schema of a block, with the schemas of the blocks it refers to among its `definitions`."""


def without_key(schema: JsonObject, key: str) -> JsonObject:
    """A schema without a key at any depth of objects; what is in lists (`anyOf`) keeps it."""
    return {
        name: without_key(cast(JsonObject, part), key) if isinstance(part, dict) else part
        for name, part in schema.items()
        if name != key
    }


def definitions_of(fields: JsonObject) -> dict[str, JsonObject]:
    """The schemas that a schema refers to by name, those of other blocks among them."""
    return cast("dict[str, JsonObject]", fields.get("definitions") or {})


def with_needed_definitions(
    fields: JsonObject, definitions: Mapping[str, JsonObject]
) -> JsonObject:
    """A schema that was a definition of another one, with those that it needs of the others."""
    needed: dict[str, JsonObject] = {}
    unread: list[JsonObject] = [fields]
    while unread:
        for name in _DEFINITION.findall(json.dumps(unread.pop())):
            if name in definitions and name not in needed:
                needed[name] = definitions[name]
                unread.append(definitions[name])
    return fields | ({"definitions": needed} if needed else {})


def is_block(definition: JsonValue) -> bool:
    """Whether a definition in a block schema is the schema of another block."""
    return isinstance(definition, dict) and "block_type_slug" in definition


def references_of(fields: JsonObject) -> list[tuple[str, JsonObject]]:
    """Each field that refers to blocks, with `{block_schema_checksum, block_type_slug}` of one."""
    references = cast(dict[str, Any], fields.get("block_schema_references") or {})
    return [
        (name, cast(JsonObject, one))
        for name, said in references.items()
        for one in cast("list[Any]", said if isinstance(said, list) else [said])
    ]


def secret_paths(fields: JsonObject) -> list[str]:
    """The paths of the values that are secret: `password`, `inner.password`, `headers.*`."""
    return list(dict.fromkeys(cast("list[str]", fields.get("secret_fields") or ())))


def obfuscated(data: JsonObject, paths: Sequence[str]) -> JsonObject:
    """The data with secrets hidden; of an object every value is, and null shows that there is none.

    A path leads through lists into each of their items.
    """
    for path in paths:
        data = cast(JsonObject, _at(data, data, path.split("."), lambda value, _: _hidden(value)))
    return data


def with_secrets_restored(data: JsonObject, stored: JsonObject, paths: Sequence[str]) -> JsonObject:
    """New data in which a secret that comes back hidden, as it was read, has its stored value."""
    for path in paths:
        data = cast(JsonObject, _at(data, stored, path.split("."), _restored))
    return data


def document_reference(value: JsonValue) -> str | UUID | None:
    """The id of the document that a value `{"$ref": {"block_document_id": ...}}` stands for."""
    said: Any = cast(JsonObject, value).get("$ref") if isinstance(value, dict) else None
    return cast(JsonObject, said).get("block_document_id") if isinstance(said, dict) else None


def _at(
    value: JsonValue,
    stored: JsonValue,
    path: Sequence[str],
    change: Callable[[JsonValue, JsonValue], JsonValue],
) -> JsonValue:
    """The value with `change` applied where the path leads, beside what is stored at its place."""
    if not path:
        return change(value, stored)
    if isinstance(value, list):
        others = cast("list[Any]", stored) if isinstance(stored, list) else []
        return [
            _at(one, others[place] if place < len(others) else None, path, change)
            for place, one in enumerate(cast("list[Any]", value))
        ]
    if not isinstance(value, dict):
        return value
    whole, before = cast(JsonObject, value), cast(JsonObject, stored)
    before = before if isinstance(stored, dict) else {}
    head, *rest = path
    names = list(whole) if head == "*" else [name for name in (head,) if name in whole]
    return whole | {name: _at(whole[name], before.get(name), rest, change) for name in names}


def _hidden(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {key: _hidden(part) for key, part in cast(JsonObject, value).items()}
    return None if value is None else OBFUSCATED


def _restored(value: JsonValue, stored: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        before = cast(JsonObject, stored) if isinstance(stored, dict) else {}
        parts = cast(JsonObject, value).items()
        return {key: _restored(part, before.get(key)) for key, part in parts}
    was_hidden = isinstance(value, str) and value in _MASKS and stored is not None
    return stored if was_hidden else value
