"""The effect that calls user code."""

import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from inspect import isasyncgen, isgenerator
from typing import Any, cast

from windlass.context import RunScope, entered
from windlass.engine.effects import Effect
from windlass.engine.session import Session
from windlass.engine.timeouts import TimeLimit
from windlass.logging.prints import patch_print


@dataclass(frozen=True, slots=True)
class CallUser(Effect[Any]):
    """Calls a function of the user as a part of `scope`, and answers what it returns.

    With `consumes`, a generator that it returns is consumed, and the answer is a list.
    """

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    scope: RunScope
    log_prints: bool = False
    limit: TimeLimit | None = None
    is_async: bool = False
    consumes: bool = False

    def perform(self, session: Session) -> Any:
        if self.limit is None:
            with self._surroundings():
                return self._call()
        with self._surroundings(), self.limit.here():
            return self._call()

    async def perform_async(self, session: Session) -> Any:
        if not self.is_async:
            return self.perform(session)
        with self._surroundings():
            if self.limit is None:
                return await self._await()
            from anyio import move_on_after  # noqa: PLC0415 (synchronous code never needs it)

            with move_on_after(self.limit.seconds):
                return await self._await()
            raise self.limit.expired

    def stream(self) -> Generator[Any, Any, Any]:
        """What a generator function yields; every step of it is a part of the scope."""
        generator: Generator[Any, Any, Any] = self.function(*self.args, **self.kwargs)
        deadline = self._deadline()
        step: Callable[[], Any] = partial(next, generator)
        while True:
            try:
                with self._surroundings():
                    value = step()
            except StopIteration as end:
                return end.value
            self._check(deadline)
            try:
                sent = yield value
            except BaseException as error:
                step = partial(generator.throw, error)
            else:
                step = partial(generator.send, sent)

    async def stream_async(self) -> AsyncGenerator[Any, Any]:
        """What an asynchronous generator function yields."""
        generator: AsyncGenerator[Any, Any] = self.function(*self.args, **self.kwargs)
        deadline = self._deadline()
        step: Callable[[], Any] = partial(anext, generator)
        while True:
            try:
                with self._surroundings():
                    value = await step()
            except StopAsyncIteration:
                return
            self._check(deadline)
            try:
                sent = yield value
            except BaseException as error:
                step = partial(generator.athrow, error)
            else:
                step = partial(generator.asend, sent)

    def _call(self) -> Any:
        result = self.function(*self.args, **self.kwargs)
        if self.consumes and isgenerator(result):
            return list(cast("Iterator[Any]", result))
        return result

    async def _await(self) -> Any:
        result = await self.function(*self.args, **self.kwargs)
        if self.consumes and isasyncgen(result):
            return [value async for value in cast("AsyncGenerator[Any, Any]", result)]
        if self.consumes and isgenerator(result):
            return list(cast("Iterator[Any]", result))
        return result

    def _surroundings(self) -> AbstractContextManager[None]:
        return _entered_with_prints(self.scope) if self.log_prints else entered(self.scope)

    def _deadline(self) -> float | None:
        return None if self.limit is None else time.monotonic() + self.limit.seconds

    def _check(self, deadline: float | None) -> None:
        if deadline is not None and self.limit is not None:
            self.limit.check(deadline)


@contextmanager
def _entered_with_prints(scope: RunScope) -> Generator[None]:
    with entered(scope), patch_print():
        yield
