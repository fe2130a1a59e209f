"""A task run that was submitted to a task runner."""

import contextvars
import threading
from collections.abc import Callable, Sequence
from typing import Any

from windlass.engine.drivers import drive, drive_async
from windlass.engine.effects import Description, Enter
from windlass.engine.session import Session
from windlass.engine.task_run import TaskCall, TaskOutcome, task_run
from windlass.futures import WindlassConcurrentFuture, WindlassFuture
from windlass.schemas.states import StateType

_NEVER_BEGAN = "Its task runner was closed before it began: nobody waited for its future."


class Submitted:
    """A task run that waits for its turn, the future of it, and the context it was submitted in."""

    def __init__(self, call: TaskCall, session: Session) -> None:
        self.call = call
        self.context = contextvars.copy_context()
        self.future: WindlassConcurrentFuture[Any] = WindlassConcurrentFuture(call.record)
        self._session = session

    def run(self) -> None:
        """Run it on this thread."""
        self.context.run(drive, self._finished(), self._session)

    async def run_async(self) -> None:
        """Run it on this event loop."""
        await drive_async(self._finished(), self._session)

    def cancel(self) -> None:
        """Say that it never began."""
        drive(self._cancelled(), self._session)

    def _finished(self) -> Description[None]:
        outcome: TaskOutcome = yield from task_run(self.call, self._session)
        self.future.finish(outcome.record.state())

    def _cancelled(self) -> Description[None]:
        yield from Enter(self.call.record, StateType.CANCELLED, "Cancelled", _NEVER_BEGAN)
        self.future.finish(self.call.record.state())


def when_done(futures: Sequence[WindlassFuture[Any]], action: Callable[[], None]) -> None:
    """Do `action` when all `futures` are done: now, if they are, else where the last one ends."""
    if not futures:
        action()
        return
    left = len(futures)
    lock = threading.Lock()

    def count_down(_: WindlassFuture[Any]) -> None:
        nonlocal left
        with lock:
            left -= 1
            is_last = left == 0
        if is_last:
            action()

    for future in futures:
        future.add_done_callback(count_down)
