"""Lists that are longer than one answer of the server."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final, TypeVar

T = TypeVar("T")

_MOST_AT_ONCE: Final = 200
"""What every server gives at once, unless it is set to give less or more."""


def every(read: Callable[[int, int | None], Sequence[T]]) -> Iterator[T]:
    """Everything that `read` gives, called with an offset and a size; None is the server's own."""
    offset = 0
    while page := read(offset, None):
        yield from page
        offset += len(page)


def first(count: int, read: Callable[[int, int | None], Sequence[T]]) -> list[T]:
    """The first `count` of what `read` gives."""
    return list(read(0, count)) if count <= _MOST_AT_ONCE else list(islice(every(read), count))
