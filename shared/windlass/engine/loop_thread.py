"""The event loop of a task runner, for async tasks."""

import asyncio
import contextvars
import threading
from collections.abc import Callable, Coroutine
from typing import Any


class LoopThread:
    """An event loop on a thread of its own, for at most `limit` coroutines at once."""

    def __init__(self, limit: int | None) -> None:
        self._turn = asyncio.Semaphore(limit) if limit is not None else None
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_idle = threading.Event()
        self._is_idle.set()
        self._thread = threading.Thread(target=self._run, name="windlass-task-loop", daemon=True)
        self._thread.start()

    def start(
        self, run: Callable[[], Coroutine[Any, Any, None]], context: contextvars.Context
    ) -> None:
        """Run a coroutine, in `context`."""
        self._is_idle.clear()
        self._loop.call_soon_threadsafe(self._create, run, context)

    def close(self, *, wait: bool) -> None:
        """End the loop: when all coroutines are finished, or at once, which cancels them."""
        if wait:
            self._is_idle.wait()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _create(
        self, run: Callable[[], Coroutine[Any, Any, None]], context: contextvars.Context
    ) -> None:
        task = self._loop.create_task(self._in_turn(run), context=context)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    async def _in_turn(self, run: Callable[[], Coroutine[Any, Any, None]]) -> None:
        if self._turn is None:
            await run()
            return
        async with self._turn:
            await run()

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not self._tasks:
            self._is_idle.set()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
            for task in self._tasks:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*self._tasks, return_exceptions=True))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
        finally:
            self._loop.close()
