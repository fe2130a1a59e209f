"""What options and arguments may be: values that click checks before a command runs."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import click

from windlass.cli.moments import read_delay
from windlass.schemas.base import JsonObject


class _KeyValue(click.ParamType):
    """`key=value`; the value is read as JSON if it is JSON, else as text."""

    name = "key=value"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, Any]:
        if isinstance(value, tuple):
            key, read = value
            return str(key), read
        key, equals, text = str(value).partition("=")
        if not equals or not key:
            self.fail(f"{value!r} is not of the form key=value.", param, ctx)
        return key.strip(), json_or_text(text)


class _JsonObject(click.ParamType):
    """A mapping as JSON; `-` reads it from the standard input."""

    name = "json"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> JsonObject:
        if isinstance(value, dict):
            return value
        text = click.get_text_stream("stdin").read() if value == "-" else str(value)
        return self._read(text, param, ctx)

    def _read(
        self, text: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> JsonObject:
        try:
            read: Any = json.loads(text)
        except ValueError as error:
            self.fail(f"It is not JSON: {error}.", param, ctx)
        if not isinstance(read, dict):
            self.fail('It is not a mapping, such as {"name": "value"}.', param, ctx)
        return read


class _JsonFile(_JsonObject):
    """The path of a file with a mapping as JSON."""

    name = "file"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> JsonObject:
        if isinstance(value, dict):
            return value
        try:
            text = Path(str(value)).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            self.fail(f"{value} cannot be read: {error}.", param, ctx)
        return self._read(text, param, ctx)


class _Delay(click.ParamType):
    """A length of time in words."""

    name = "delay"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        if isinstance(value, timedelta):
            return value
        try:
            return read_delay(str(value))
        except ValueError as error:
            self.fail(f"{value!r}: {error}. Write for example `in 5 minutes`.", param, ctx)


KEY_VALUE: Final = _KeyValue()
JSON_OBJECT: Final = _JsonObject()
JSON_FILE: Final = _JsonFile()
DELAY: Final = _Delay()


def json_or_text(text: str) -> Any:
    """What `text` says as JSON; `text` itself where it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return text
