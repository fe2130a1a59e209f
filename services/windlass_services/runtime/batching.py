"""Concurrent requests share a transaction, or a message to the broker: whatever waits while one is
under way goes in the next.

There is no timer: a lone request starts at once, and the busier the other side, the larger the
batch.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from windlass.exceptions import ServerBusy

RequestT = TypeVar("RequestT")
AnswerT = TypeVar("AnswerT")

Answers: TypeAlias = Sequence[AnswerT | Exception]
"""One for each request, in order; an exception is raised to the caller of that request alone."""


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[RequestT, AnswerT]):
    request: RequestT
    key: Hashable | None
    answer: asyncio.Future[AnswerT]


class Batcher(Generic[RequestT, AnswerT]):
    """Hands requests in batches to `run`, at most `lanes` batches of at most `most` at a time.

    When `run` raises, its requests are tried again one by one, so that a bad one fails alone;
    `ServerBusy` is nobody's fault and goes to them all. Two requests with the same key are never
    under way at once; they run in the order asked.
    """

    def __init__(
        self,
        run: Callable[[Sequence[RequestT]], Awaitable[Answers[AnswerT]]],
        *,
        lanes: int = 1,
        most: int = 128,
        key: Callable[[RequestT], Hashable] | None = None,
    ) -> None:
        self._run = run
        self._lanes = lanes
        self._most = most
        self._key = key
        self._queue: deque[_Waiting[RequestT, AnswerT]] = deque()
        self._busy: set[Hashable] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._working = 0
        self._closed = False

    async def ask(self, request: RequestT) -> AnswerT:
        """The answer to one request. Raises `ServerBusy` once closed."""
        if self._closed:
            raise ServerBusy("The server is stopping.")
        answer: asyncio.Future[AnswerT] = asyncio.get_running_loop().create_future()
        key = self._key(request) if self._key else None
        self._queue.append(_Waiting(request, key, answer))
        if self._working < self._lanes:
            self._working += 1
            # The task starts in the next round of the loop, with all that this round asks for.
            lane = asyncio.create_task(self._work())
            self._tasks.add(lane)
            lane.add_done_callback(self._tasks.discard)
        return await answer

    async def close(self) -> None:
        """Answer what was asked before, and nothing after."""
        self._closed = True
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _work(self) -> None:
        try:
            while batch := self._take():
                try:
                    await self._answer(batch)
                finally:
                    self._busy.difference_update(waiting.key for waiting in batch)
        finally:
            # In the same step as finding nothing to take: a request after it starts a new lane.
            self._working -= 1

    def _take(self) -> list[_Waiting[RequestT, AnswerT]]:
        """The next batch, its keys marked busy. Empty: other lanes have all that waits."""
        batch: list[_Waiting[RequestT, AnswerT]] = []
        passed_over: list[_Waiting[RequestT, AnswerT]] = []
        while self._queue and len(batch) < self._most:
            waiting = self._queue.popleft()
            if waiting.answer.cancelled():
                continue
            if waiting.key is not None and waiting.key in self._busy:
                passed_over.append(waiting)
                continue
            if waiting.key is not None:
                self._busy.add(waiting.key)
            batch.append(waiting)
        self._queue.extendleft(reversed(passed_over))
        return batch

    async def _answer(self, batch: list[_Waiting[RequestT, AnswerT]]) -> None:
        try:
            answers = await self._run([waiting.request for waiting in batch])
        except ServerBusy as busy:
            for waiting in batch:
                _settle(waiting.answer, ServerBusy(str(busy), retry_after=busy.retry_after))
        except Exception as error:  # whose fault it is, is found out one by one
            if len(batch) == 1:
                _settle(batch[0].answer, error)
                return
            for waiting in batch:
                await self._answer([waiting])
        except BaseException:  # the loop is going down, and nobody must wait for ever
            for waiting in batch:
                waiting.answer.cancel()
            raise
        else:
            for waiting, answer in zip(batch, answers, strict=True):
                _settle(waiting.answer, answer)


def _settle(future: asyncio.Future[AnswerT], answer: AnswerT | Exception) -> None:
    if future.done():
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)
