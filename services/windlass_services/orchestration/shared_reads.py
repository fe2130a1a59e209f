"""One read for all who ask the same at the same time."""

from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

import anyio

ValueT = TypeVar("ValueT")


class SharedReads(Generic[ValueT]):
    """Who asks for what is being read waits for that answer; nothing is kept once it is there.

    It is no cache: an answer is never older than the question that was under way.
    """

    def __init__(self) -> None:
        self._under_way: dict[Hashable, _Read[ValueT]] = {}

    async def read(self, key: Hashable, fetch: Callable[[], Awaitable[ValueT]]) -> ValueT:
        """The value that `fetch` reads, now or for someone who asked just before.

        When that reader fails or goes away, each who waited reads for itself.
        """
        before = self._under_way.get(key)
        if before is not None:
            await before.is_over.wait()
            if before.values:
                return before.values[0]
            return await fetch()
        reading: _Read[ValueT] = _Read()
        self._under_way[key] = reading
        try:
            value = await fetch()
            reading.values.append(value)
            return value
        finally:
            del self._under_way[key]
            reading.is_over.set()


class _Read(Generic[ValueT]):
    """A read under way; `values` is empty until, and unless, it succeeds."""

    def __init__(self) -> None:
        self.is_over = anyio.Event()
        self.values: list[ValueT] = []
