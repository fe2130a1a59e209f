"""The worker types that there are: `worker_types.json` is a copy of the worker catalogue."""

import json
from functools import cache
from importlib import resources
from typing import Final

from windlass.schemas.base import JsonObject

_FILE: Final = "worker_types.json"


@cache
def worker_types() -> JsonObject:
    """Package, then type, to what there is to know of it."""
    text = resources.files("windlass_services.api.collections").joinpath(_FILE).read_text("utf-8")
    types: JsonObject = json.loads(text)
    return types


def default_base_job_template(type: str) -> JsonObject:
    """The base job template of pools of a type; empty for a type that the server does not know."""
    for types in worker_types().values():
        if type in types:
            template: JsonObject = types[type]["default_base_job_configuration"]
            return template
    return {}
