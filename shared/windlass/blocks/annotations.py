"""What the types of a block's fields say: which values are secret, which are other blocks."""

from collections.abc import Iterator
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, Secret, SecretBytes, SecretStr

from windlass.blocks.fields import SecretDict

BlockT = TypeVar("BlockT", bound=BaseModel)


def secret_fields(model: type[BaseModel]) -> list[str]:
    """The paths of the secret values of a model: `token`, `inner.password`, `headers.*`."""
    return list(dict.fromkeys(_secrets(model, ())))


def blocks_in(annotation: Any, kind: type[BlockT]) -> list[type[BlockT]]:
    """The block classes that a value of this type may be of, or hold, each once."""
    return list(dict.fromkeys(_blocks(annotation, kind)))


def _secrets(model: type[BaseModel], around: tuple[type[BaseModel], ...]) -> Iterator[str]:
    if model in around:
        return
    for name, field in model.model_fields.items():
        for path in _paths(field.annotation, (*around, model)):
            yield f"{field.alias or name}{path}"


def _paths(annotation: Any, around: tuple[type[BaseModel], ...]) -> Iterator[str]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    kind = annotation if isinstance(annotation, type) and origin is None else origin
    if not isinstance(kind, type):
        for argument in arguments:
            yield from _paths(argument, around)
    elif issubclass(kind, SecretDict):
        yield ".*"
    elif issubclass(kind, (SecretStr, SecretBytes, Secret)):
        yield ""
    elif issubclass(kind, BaseModel):
        yield from (f".{path}" for path in _secrets(kind, around))
    elif issubclass(kind, dict):
        # The server hides what is below every key; a secret itself is hidden with the object.
        values = _paths(arguments[1], around) if arguments else ()
        yield from (f".*{path}" if path else "" for path in values)
    else:
        for argument in arguments:
            yield from _paths(argument, around)


def _blocks(annotation: Any, kind: type[BlockT]) -> Iterator[type[BlockT]]:
    if isinstance(annotation, type) and get_origin(annotation) is None:
        if issubclass(annotation, kind):
            yield annotation
        return
    for argument in get_args(annotation):
        yield from _blocks(argument, kind)
