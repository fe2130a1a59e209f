"""The block types that a server has by itself, as the SDK's classes are in `block_types.json`."""

import json
from functools import cache
from importlib import resources
from typing import Final, NamedTuple

from windlass.schemas.base import JsonObject
from windlass.schemas.blocks import BlockTypeCreate

_FILE: Final = "block_types.json"


class SystemBlock(NamedTuple):
    """A block type and the schema of its class."""

    type: BlockTypeCreate
    is_protected: bool
    fields: JsonObject
    capabilities: list[str]


@cache
def system_blocks() -> tuple[SystemBlock, ...]:
    """Every block type of the server's own."""
    text = resources.files("windlass_services.api.collections").joinpath(_FILE).read_text("utf-8")
    return tuple(
        SystemBlock(
            type=BlockTypeCreate.model_validate(one["type"]),
            is_protected=one["is_protected"],
            fields=one["fields"],
            capabilities=one["capabilities"],
        )
        for one in json.loads(text)
    )
