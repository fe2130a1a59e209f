"""Where submitted tasks run."""

import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, Self
from uuid import UUID

from windlass.context import current_scope
from windlass.definitions import TaskDefinition
from windlass.engine.drivers import drive
from windlass.engine.inputs import mapped, unfinished
from windlass.engine.process import current_session
from windlass.engine.submission import Submitted, when_done
from windlass.engine.task_run import begin_task_run
from windlass.exceptions import ConfigurationError
from windlass.futures import (
    WindlassConcurrentFuture,
    WindlassFuture,
    WindlassFutureList,
)
from windlass.utilities.binding import Parameters

if TYPE_CHECKING:
    from windlass.engine.loop_thread import LoopThread

_ANY_NUMBER: Final = sys.maxsize


class TaskRunner(ABC):
    """Starts task runs, and gives futures of them. A context manager: leaving it ends it.

    Each flow run has one of its own, made by `duplicate` from that of the flow.
    """

    @property
    def name(self) -> str:
        """The name of its kind."""
        return type(self).__name__.removesuffix("TaskRunner").lower()

    @abstractmethod
    def duplicate(self) -> Self:
        """Another one with the same configuration."""

    @abstractmethod
    def submit(
        self,
        task: TaskDefinition,
        parameters: Parameters,
        wait_for: Sequence[Any] | None = None,
        dependencies: Mapping[str, Sequence[UUID]] | None = None,
    ) -> WindlassFuture[Any]:
        """Start a run of `task` as soon as every run that it depends on is finished.

        These are the futures in `parameters` and `wait_for`; `dependencies` names more of them,
        which are finished, by the parameters that came from them.
        """

    @abstractmethod
    def close(self, *, wait: bool = True) -> None:
        """Start no more runs: those that wait are cancelled. With `wait`, let the others finish."""

    def map(
        self, task: TaskDefinition, parameters: Parameters, wait_for: Sequence[Any] | None = None
    ) -> WindlassFutureList[Any]:
        """Start one run for each element of the iterables in `parameters`.

        A future of an iterable is waited for. Raises MappingLengthMismatch and
        MappingMissingIterable.
        """
        each, dependencies = mapped(task, parameters)
        return WindlassFutureList(self.submit(task, one, wait_for, dependencies) for one in each)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class ThreadPoolTaskRunner(TaskRunner):
    """Runs tasks on threads of this process, and async tasks on one event loop of its own.

    At most `max_workers` of each kind run at once; by default as many as
    WINDLASS_TASKS_RUNNER_THREAD_POOL_MAX_WORKERS says, and any number if it says nothing. A run
    takes no thread until everything that it depends on is finished. Threads and loop begin with
    the first task that needs them.
    """

    def __init__(self, max_workers: int | None = None) -> None:
        if max_workers is not None and max_workers < 1:
            raise ConfigurationError(f"`max_workers` has to be 1 or more, not {max_workers}.")
        self.max_workers = max_workers
        self._lock = threading.Lock()
        self._waiting: dict[UUID, Submitted] = {}
        self._threads: ThreadPoolExecutor | None = None
        self._loop: LoopThread | None = None
        self._is_closed = False

    def duplicate(self) -> Self:
        return type(self)(self.max_workers)

    def submit(
        self,
        task: TaskDefinition,
        parameters: Parameters,
        wait_for: Sequence[Any] | None = None,
        dependencies: Mapping[str, Sequence[UUID]] | None = None,
    ) -> WindlassConcurrentFuture[Any]:
        if self._is_closed:
            raise ConfigurationError("This task runner is closed: its flow run has ended.")
        session, upstream = current_session(), wait_for or ()
        begun = begin_task_run(task, parameters, upstream, current_scope(), session, dependencies)
        submitted = Submitted(drive(begun, session), session)
        self._waiting[submitted.call.record.id] = submitted
        limit = self.max_workers or session.task_defaults.max_workers
        when_done(unfinished(parameters, upstream), lambda: self._start(submitted, limit))
        return submitted.future

    def cancel_all(self) -> None:
        """Cancel every run that has not begun."""
        for submitted in list(self._waiting.values()):
            if self._take(submitted):
                submitted.cancel()

    def close(self, *, wait: bool = True) -> None:
        self._is_closed = True
        self.cancel_all()
        if self._threads is not None:
            self._threads.shutdown(wait=wait, cancel_futures=True)
        if self._loop is not None:
            self._loop.close(wait=wait)

    def _start(self, submitted: Submitted, limit: int | None) -> None:
        """Run it: everything that it depends on is finished."""
        with self._lock:
            if self._is_closed:
                return
            if submitted.call.task.isasync:
                self._loop = self._loop or _loop_thread(limit)
                self._loop.start(lambda: self._run_async(submitted), submitted.context)
            else:
                self._threads = self._threads or ThreadPoolExecutor(
                    limit or _ANY_NUMBER, "windlass-task"
                )
                self._threads.submit(self._run, submitted)

    def _run(self, submitted: Submitted) -> None:
        if self._take(submitted):
            submitted.run()

    async def _run_async(self, submitted: Submitted) -> None:
        if self._take(submitted):
            await submitted.run_async()

    def _take(self, submitted: Submitted) -> bool:
        """Whether it still waits, which it does not from then on: one of those who ask gets it."""
        return self._waiting.pop(submitted.call.record.id, None) is not None


def _loop_thread(limit: int | None) -> "LoopThread":
    # Importing asyncio takes 25 ms, which flows without async tasks do not pay.
    from windlass.engine.loop_thread import LoopThread  # noqa: PLC0415

    return LoopThread(limit)
