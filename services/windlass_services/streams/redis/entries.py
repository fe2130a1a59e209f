"""How a message is written as a stream entry, and read back."""

from collections.abc import Mapping
from typing import TypeAlias

from windlass_services.streams.protocol import Message

Fields: TypeAlias = Mapping[bytes, bytes]
"""`k` the key, `i` the id, `d` the groups it is done for, `b` the body: stored with every message,
so they are short."""


def message_of(fields: Fields) -> Message:
    """The message that `publish.lua` wrote as this entry."""
    return Message(
        key=fields[b"k"].decode(),
        id=fields[b"i"].decode(),
        body=fields[b"b"],
        done_for=tuple(fields.get(b"d", b"").decode().split()),
    )


def fields_of(flat: list[bytes]) -> dict[bytes, bytes]:
    """The fields of an entry as a script returns it: names and values in turn."""
    return dict(zip(flat[::2], flat[1::2], strict=True))
