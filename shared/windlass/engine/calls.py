"""The effect that calls user code."""

import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from inspect import isasyncgen, isawaitable, isgenerator
from math import inf
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
            with self.surroundings():
                return self._call()
        with self.surroundings(), self.limit.here():
            return self._call()

    async def perform_async(self, session: Session) -> Any:
        if not self.is_async:
            return self.perform(session)
        with self.surroundings():
            if self.limit is None:
                return await self._await()
            from anyio import move_on_after  # noqa: PLC0415 (synchronous code never needs it)

            with move_on_after(self.limit.seconds):
                return await self._await()
            raise self.limit.expired

    def stream(self) -> Generator[Any, Any, Any]:
        """What a generator function yields; every step of it is a part of the scope."""
        generator: Generator[Any, Any, Any] = self.function(*self.args, **self.kwargs)
        deadline = self.deadline()
        step: Callable[[], Any] = partial(next, generator)
        while True:
            try:
                with self.surroundings():
                    value = step()
            except StopIteration as end:
                return end.value
            self.check(deadline)
            try:
                sent = yield value
            except BaseException as error:
                step = partial(generator.throw, error)
            else:
                step = partial(generator.send, sent)

    def _call(self) -> Any:
        result = self.function(*self.args, **self.kwargs)
        if self.consumes and isgenerator(result):
            return list(cast("Iterator[Any]", result))
        return result

    async def _await(self) -> Any:
        result = self.function(*self.args, **self.kwargs)
        if isawaitable(result):
            result = await result
        if self.consumes and isasyncgen(result):
            return [value async for value in cast("AsyncGenerator[Any, Any]", result)]
        if self.consumes and isgenerator(result):
            return list(cast("Iterator[Any]", result))
        return result

    def surroundings(self) -> AbstractContextManager[None]:
        """Where the function runs."""
        return _entered_with_prints(self.scope) if self.log_prints else entered(self.scope)

    def deadline(self) -> float:
        """When the time of a generator is over, by the monotonic clock."""
        return inf if self.limit is None else time.monotonic() + self.limit.seconds

    def check(self, deadline: float) -> None:
        """Raise if the deadline is over."""
        if self.limit is not None:
            self.limit.check(deadline)


class AsyncStream:
    """What an async generator function yields; every step of it is a part of the scope.

    `sent` or `error` is what its consumer sent or threw in after the last value.
    """

    def __init__(self, call: CallUser) -> None:
        self._call = call
        self._generator: AsyncGenerator[Any, Any] = call.function(*call.args, **call.kwargs)
        self._deadline = call.deadline()
        self.sent: Any = None
        self.error: BaseException | None = None

    async def step(self) -> tuple[Any] | None:
        """The next value, in a tuple; None at the end."""
        sent, error = self.sent, self.error
        self.sent = self.error = None
        try:
            with self._call.surroundings():
                if error is not None:
                    value = await self._generator.athrow(error)
                else:
                    value = await self._generator.asend(sent)
        except StopAsyncIteration:
            return None
        self._call.check(self._deadline)
        return (value,)


@contextmanager
def _entered_with_prints(scope: RunScope) -> Generator[None]:
    with entered(scope), patch_print():
        yield
