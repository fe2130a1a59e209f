"""The settings of a process as JSON schema: from the catalogue, since no shape has them all."""

from windlass.schemas.base import JsonObject
from windlass.settings.catalogue import catalogue


def settings_response() -> JsonObject:
    """An OpenAPI response: the documented settings, as objects inside of objects."""
    schema = _group()
    for setting in catalogue().values():
        if setting.documented:
            *groups, name = setting.path.split(".")
            at = schema
            for group in groups:
                at = at["properties"].setdefault(group, _group())
            at["properties"][name] = {"description": setting.description}
    return {"content": {"application/json": {"schema": schema}}}


def _group() -> JsonObject:
    return {"type": "object", "properties": {}}
