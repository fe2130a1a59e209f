"""What options may say: text that is read and checked before a command runs."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias, cast

import click
from pydantic import ValidationError

from windlass.schemas.base import JsonObject

Callback: TypeAlias = Callable[[click.Context, click.Parameter, Any], Any]


def reading(read: Callable[[str], Any]) -> Callback:
    """The callback of an option whose text `read` reads; its ValueError says what is wrong."""

    def callback(_: click.Context, __: click.Parameter, value: Any) -> Any:
        try:
            if isinstance(value, tuple):
                return tuple(read(text) for text in cast("tuple[str, ...]", value))
            return None if value is None else read(value)
        except ValueError as error:
            raise click.BadParameter(f"{error}.") from error

    return callback


def reason_of(error: ValueError) -> str:
    """What is wrong, in one line: of a pydantic error, the reasons alone."""
    if isinstance(error, ValidationError):
        reasons = (one["msg"] for one in error.errors(include_url=False))
        return "; ".join(reason.removeprefix("Value error, ") for reason in reasons)
    return str(error)


def key_value(text: str) -> tuple[str, Any]:
    """`key=value`; the value is read as JSON if it is JSON, else as text. Raises ValueError."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise ValueError(f"{text!r} is not of the form key=value")
    return key.strip(), json_or_text(value)


def json_or_text(text: str) -> Any:
    """What `text` says as JSON; `text` itself where it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def json_object(text: str) -> JsonObject:
    """A mapping as JSON; `-` reads it from the standard input. Raises ValueError."""
    try:
        read: Any = json.loads(sys.stdin.read() if text == "-" else text)
    except ValueError as error:
        raise ValueError(f"{text!r} is not JSON: {error}") from error
    if not isinstance(read, dict):
        raise ValueError(f'{text!r} is not a mapping, such as {{"name": "value"}}')
    return cast(JsonObject, read)


def json_file(path: str) -> JsonObject:
    """A mapping as JSON in the file of this path. Raises ValueError."""
    try:
        text = Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
    try:
        return json_object(text)
    except ValueError as error:
        raise ValueError(f"{path} holds no mapping as JSON") from error
