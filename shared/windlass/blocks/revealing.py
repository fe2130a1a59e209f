"""Secrets in what pydantic made of a model: the plain values in the places of the stars."""

from collections.abc import Mapping
from typing import Any, cast

from pydantic import BaseModel, Secret, SecretBytes, SecretStr
from pydantic_core import to_jsonable_python

from windlass.schemas.base import JsonObject, JsonValue


def revealed(dumped: JsonValue, value: Any) -> JsonValue:
    """What was dumped of a value as JSON, with its secrets in plain text."""
    match value:
        case SecretStr() | SecretBytes() | Secret():
            secret: Any = cast("Secret[Any]", value).get_secret_value()
            return to_jsonable_python(secret)
        case BaseModel() if isinstance(dumped, dict):
            return revealed_fields(cast(JsonObject, dumped), value)
        case Mapping() if isinstance(dumped, dict):
            parts, whole = cast("Mapping[Any, Any]", value), cast(JsonObject, dumped)
            named = {to_jsonable_python(key): part for key, part in parts.items()}
            return {key: revealed(part, named.get(key)) for key, part in whole.items()}
        case list() | tuple() | set() | frozenset() if isinstance(dumped, list):
            items = zip(cast("list[Any]", dumped), cast("list[Any]", value), strict=True)
            return [revealed(part, item) for part, item in items]
        case _:
            return dumped


def revealed_fields(dumped: JsonObject, model: BaseModel) -> JsonObject:
    """The same of the fields of a model, by name or alias."""
    found = dict(dumped)
    for name, field in type(model).model_fields.items():
        for key in {name, field.serialization_alias or field.alias or name} & found.keys():
            found[key] = revealed(found[key], getattr(model, name))
    return found
