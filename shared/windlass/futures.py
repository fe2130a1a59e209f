"""Public: handles to runs that are not finished yet."""

import concurrent.futures
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from math import inf
from typing import Any, Generic, NamedTuple, TypeVar, cast
from uuid import UUID

from windlass.exceptions import UnfinishedRun
from windlass.reporting.records import TaskRunRecord
from windlass.schemas.states import State
from windlass.utilities.collections import replace_elements

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class WindlassFuture(ABC, Generic[R_co]):
    """A handle to a task run that was submitted. Waiting blocks, also in asynchronous code."""

    @property
    @abstractmethod
    def task_run_id(self) -> UUID:
        """The task run that this is a handle to."""

    @property
    @abstractmethod
    def state(self) -> State:
        """The state that the run is in now."""

    @abstractmethod
    def wait(self, timeout: float | None = None) -> None:
        """Return when the run is finished, or after `timeout` seconds."""

    @abstractmethod
    def add_done_callback(self, fn: "Callable[[WindlassFuture[Any]], None]") -> None:
        """Call `fn` with this future once the run is finished: at once, if it is."""

    @property
    @abstractmethod
    def is_done(self) -> bool:
        """Whether the run is finished."""

    def result(self, timeout: float | None = None, raise_on_failure: bool = True) -> R_co:
        """Wait for what the run returns.

        Raises its exception, or returns it unless `raise_on_failure`; raises TimeoutError after
        `timeout` seconds.
        """
        self.wait(timeout)
        if not self.is_done:
            raise TimeoutError(f"Task run {self.task_run_id} took longer than {timeout} s.")
        return cast("R_co", self.state.result(raise_on_failure))


class WindlassConcurrentFuture(WindlassFuture[R_co]):
    """A handle to a task run on another thread of this process."""

    def __init__(self, record: TaskRunRecord) -> None:
        self._record = record
        self._final: concurrent.futures.Future[State] = concurrent.futures.Future()

    @property
    def task_run_id(self) -> UUID:
        return self._record.id

    @property
    def wrapped_future(self) -> concurrent.futures.Future[State]:
        """The future that gets the final state."""
        return self._final

    @property
    def state(self) -> State:
        return self._final.result() if self._final.done() else self._record.state()

    @property
    def is_done(self) -> bool:
        return self._final.done()

    def wait(self, timeout: float | None = None) -> None:
        concurrent.futures.wait([self._final], timeout)

    def add_done_callback(self, fn: Callable[[WindlassFuture[Any]], None]) -> None:
        self._final.add_done_callback(lambda _: fn(self))

    def finish(self, state: State) -> None:
        """Say that the run is finished, in this state."""
        self._final.set_result(state)


class WindlassDistributedFuture(WindlassFuture[R_co]):
    """A handle to a task run that a task worker runs, wherever that is.

    It knows only the id, so it can be stored and sent elsewhere; it asks the API of the current
    settings. The result is read from where the worker stored it.
    """

    def __init__(self, task_run_id: UUID) -> None:
        self._task_run_id = task_run_id
        self._final: State | None = None

    @property
    def task_run_id(self) -> UUID:
        return self._task_run_id

    @property
    def state(self) -> State:
        return self._final or self._asked()

    @property
    def is_done(self) -> bool:
        return self.state.is_final()

    def wait(self, timeout: float | None = None) -> None:
        deadline = None if timeout is None else time.monotonic() + timeout
        pauses = _pauses()
        while not self.is_done:
            left = inf if deadline is None else deadline - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(next(pauses), left))

    async def wait_async(self, timeout: float | None = None) -> None:
        """As `wait`, without holding up the event loop."""
        from anyio import to_thread  # noqa: PLC0415 (synchronous code never needs it)

        await to_thread.run_sync(self.wait, timeout, abandon_on_cancel=True)

    async def result_async(
        self, timeout: float | None = None, raise_on_failure: bool = True
    ) -> R_co:
        """As `result`, without holding up the event loop."""
        await self.wait_async(timeout)
        return self.result(0, raise_on_failure)

    def add_done_callback(self, fn: Callable[[WindlassFuture[Any]], None]) -> None:
        def call_when_done() -> None:
            self.wait()
            fn(self)

        if self._final is not None:
            fn(self)
        else:
            threading.Thread(target=call_when_done, name="windlass-future", daemon=True).start()

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, WindlassDistributedFuture) and other.task_run_id == self.task_run_id
        )

    def __hash__(self) -> int:
        return hash(self._task_run_id)

    def __reduce__(self) -> tuple[type, tuple[UUID]]:
        return WindlassDistributedFuture, (self._task_run_id,)

    def _asked(self) -> State:
        """The state as the API has it; remembered, once it is final."""
        from windlass.client.orchestration import get_client  # noqa: PLC0415 (most never need it)

        with get_client(sync_client=True) as client:
            state = client.read_task_run(self._task_run_id).state
        if state is None:
            raise UnfinishedRun(f"Task run {self._task_run_id} is in no state yet.")
        if state.is_final():
            self._final = state
        return state


class WindlassFutureList(list[WindlassFuture[R]]):
    """The futures that `map` gives, one for each element."""

    def wait(self, timeout: float | None = None) -> None:
        """Return when every run is finished, or after `timeout` seconds."""
        wait(self, timeout)

    def result(self, timeout: float | None = None, raise_on_failure: bool = True) -> list[R]:
        """The results of all runs, in order.

        Raises the exception of the first that failed, or has it in the list unless
        `raise_on_failure`; raises TimeoutError after `timeout` seconds.
        """
        if wait(self, timeout).not_done:
            raise TimeoutError(f"Not all {len(self)} task runs finished within {timeout} s.")
        return [future.result(raise_on_failure=raise_on_failure) for future in self]


class DoneAndNotDoneFutures(NamedTuple, Generic[R]):
    """What `wait` found."""

    done: set[WindlassFuture[R]]
    not_done: set[WindlassFuture[R]]


def wait(
    futures: Iterable[WindlassFuture[R]], timeout: float | None = None
) -> DoneAndNotDoneFutures[R]:
    """Wait until all `futures` are done, or for `timeout` seconds, and say which ones are."""
    distinct = set(futures)
    deadline = None if timeout is None else time.monotonic() + timeout
    for future in distinct:
        future.wait(None if deadline is None else max(0.0, deadline - time.monotonic()))
    done = {future for future in distinct if future.is_done}
    return DoneAndNotDoneFutures(done, distinct - done)


def as_completed(
    futures: Iterable[WindlassFuture[R]], timeout: float | None = None
) -> Iterator[WindlassFuture[R]]:
    """Each of `futures` when it is done. Raises TimeoutError after `timeout` seconds."""
    from queue import Empty, SimpleQueue  # noqa: PLC0415

    finished: SimpleQueue[WindlassFuture[R]] = SimpleQueue()
    distinct = set(futures)
    deadline = None if timeout is None else time.monotonic() + timeout
    for future in distinct:
        future.add_done_callback(finished.put)
    for left in range(len(distinct), 0, -1):
        try:
            yield finished.get(
                timeout=None if deadline is None else max(0.0, deadline - time.monotonic())
            )
        except Empty:
            raise TimeoutError(f"{left} of {len(distinct)} runs are not finished.") from None


def resolve_futures_to_states(expr: Any) -> Any:
    """`expr` with the final state in place of each future in it; waits for them."""
    return replace_futures(expr, _final_state)


def resolve_futures_to_results(expr: Any) -> Any:
    """`expr` with the result in place of each future in it; waits for them.

    Raises the exception of a run that failed.
    """
    return replace_futures(expr, WindlassFuture[Any].result)


def replace_futures(expr: Any, replacement: Callable[[WindlassFuture[Any]], Any]) -> Any:
    """`expr` with something else in place of each future in the lists, tuples, sets and dicts of
    it. What has no future in it is the same object as before."""
    if isinstance(expr, WindlassFuture):
        return replacement(cast("WindlassFuture[Any]", expr))
    return replace_elements(expr, lambda element: replace_futures(element, replacement))


def find_futures(expr: Any) -> list[WindlassFuture[Any]]:
    """The futures in `expr`."""
    found: list[WindlassFuture[Any]] = []

    def note(future: WindlassFuture[Any]) -> WindlassFuture[Any]:
        found.append(future)
        return future

    replace_futures(expr, note)
    return found


def _pauses() -> Iterator[float]:
    """Seconds between two looks at a run: few at first, since most runs are short."""
    pause = 0.05
    while True:
        yield pause
        pause = min(pause * 1.5, 1.0)


def _final_state(future: WindlassFuture[Any]) -> State:
    future.wait()
    return future.state


PrefectFuture = WindlassFuture
PrefectConcurrentFuture = WindlassConcurrentFuture
PrefectDistributedFuture = WindlassDistributedFuture
PrefectFutureList = WindlassFutureList
