"""`{{ prefect.blocks.<type>.<name>.<path> }}`: a value of a block, its secrets among them."""

import re
from collections.abc import Mapping
from typing import Final, cast

from windlass.client.orchestration import WindlassClient
from windlass.exceptions import ObjectNotFound
from windlass.schemas.base import JsonObject, JsonValue

_STEP: Final = re.compile(r"\[(\d+)\]|([^.\[\]]+)")
_NOTHING: Final = object()


async def read_block_values(client: WindlassClient, paths: list[str]) -> Mapping[str, JsonValue]:
    """The values of those of these paths (`<type>.<name>`, `<type>.<name>.a.b[0]`) that there are.

    A path that ends with the name stands for all values, or, of a block that has no other, for
    that of its field `value`.
    """
    documents: dict[tuple[str, str], JsonObject] = {}
    values: dict[str, JsonValue] = {}
    for path in paths:
        slug, _, rest = path.partition(".")
        name, _, inside = rest.partition(".")
        if (slug, name) not in documents:
            documents[slug, name] = await _read(client, slug, name)
        value = _value_at(documents[slug, name], inside)
        if value is not _NOTHING:
            values[path] = value
    return values


async def _read(client: WindlassClient, slug: str, name: str) -> JsonObject:
    try:
        return (await client.read_block_document_by_name(name, slug)).data
    except ObjectNotFound:
        return {}


def _value_at(data: JsonObject, inside: str) -> JsonValue:
    if not inside:
        return (data["value"] if data.keys() == {"value"} else data) if data else _NOTHING
    found: JsonValue = data
    for index, key in _STEP.findall(inside):
        if index and isinstance(found, list):
            items = cast("list[JsonValue]", found)
            found = items[int(index)] if int(index) < len(items) else _NOTHING
        elif isinstance(found, dict):
            found = cast(JsonObject, found).get(key, _NOTHING)
        else:
            return _NOTHING
    return found
