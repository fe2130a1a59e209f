"""Fields of a request that no shape has: they are ignored, and named in the answer."""

from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Final, TypeAlias, TypeGuard, Union, cast, get_args, get_origin
from urllib.parse import quote

from pydantic import BaseModel
from pydantic_core import from_json

HEADER: Final = "X-Windlass-Ignored-Fields"
_MOST: Final = 20
"""Names in one header."""
_LARGEST: Final = 65_536
"""Bytes of a body that is looked at: in a larger one is data, and each name would be searched."""

Known: TypeAlias = Mapping[str, "Known | None"]
"""The names that a shape knows, each with the names of the shape below it, if there is one."""


def known_fields(annotation: Any) -> Known | None:
    """What the shape knows that this type is, or may be; None for data and lists."""
    shapes = [one for one in _alternatives(annotation) if _is_shape(one)]
    if len(shapes) != 1:
        return None
    return _known(shapes[0], frozenset())


def ignored_fields(known: Known | None, content: bytes) -> str | None:
    """The value of the header for a valid body; None when every field has a meaning."""
    if known is None or len(content) > _LARGEST:
        return None
    names = _unknown(known, from_json(content), "")
    quoted = [quote(name, safe=".") for name, _ in zip(names, range(_MOST), strict=False)]
    return ", ".join(quoted) or None


def _unknown(known: Known, value: Any, prefix: str) -> Iterator[str]:
    if not isinstance(value, dict):
        return
    for name, below in cast(dict[str, Any], value).items():
        if name not in known:
            yield prefix + name
        elif (deeper := known[name]) is not None:
            yield from _unknown(deeper, below, f"{prefix}{name}.")


def _known(shape: type[BaseModel], above: frozenset[type[BaseModel]]) -> Known:
    known: dict[str, Known | None] = {}
    for name, field in shape.model_fields.items():
        below = [one for one in _alternatives(field.annotation) if _is_shape(one)]
        # A shape that holds itself is looked at once.
        is_new = len(below) == 1 and below[0] not in above
        deeper = _known(below[0], above | {shape}) if is_new else None
        for spelling in (name, field.alias, field.validation_alias):
            if isinstance(spelling, str):
                known[spelling] = deeper
    return known


def _alternatives(annotation: Any) -> tuple[type, ...]:
    """The classes that a union may be; a class is its own only alternative, a list has none."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _alternatives(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return tuple(one for member in get_args(annotation) for one in _alternatives(member))
    return (annotation,) if isinstance(annotation, type) else ()


def _is_shape(candidate: type) -> TypeGuard[type[BaseModel]]:
    if not issubclass(candidate, BaseModel):
        return False
    return candidate.model_config.get("extra") == "ignore" and "root" not in candidate.model_fields
