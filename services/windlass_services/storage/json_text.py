"""JSON as it is stored: text, encoded once."""

import re
from typing import Any, Final

from pydantic_core import to_json


class JsonText(str):
    """A value that is JSON text already. Where others are encoded, it goes as it is."""

    __slots__ = ()


def json_text(value: Any) -> str:
    """Compact JSON. NaN and infinity, which JSON does not have, become null."""
    if isinstance(value, JsonText):
        # An exact `str` again: drivers look for adapters of every other class.
        return str(value)
    return to_json(value, inf_nan_mode="null").decode()


def json_text_without_nul(value: Any) -> str:
    """`json_text` as PostgreSQL accepts it."""
    text = json_text(value)
    return _ESCAPED_NUL.sub(rf"\1{_REPLACEMENT}", text) if "\\u0000" in text else text


def text_without_nul(value: str) -> str:
    """Any text as PostgreSQL accepts it."""
    return value.replace(_NUL, _REPLACEMENT) if _NUL in value else value


# PostgreSQL has no NUL in text. One in the output of a user's program must not cost the batch.
_NUL: Final = "\x00"
_REPLACEMENT: Final = "\ufffd"
_ESCAPED_NUL: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
