"""What a description asks its driver to do: values, so that one description has two drivers."""

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from inspect import iscoroutine
from typing import Any, ClassVar, Generic, Protocol, TypeAlias, TypeVar

from windlass.definitions import StateHook
from windlass.engine.session import Session
from windlass.futures import WindlassFuture
from windlass.logging.loggers import WindlassLogAdapter
from windlass.reporting.records import Entered, TaskRunRecord
from windlass.schemas.base import JsonObject
from windlass.schemas.states import State, StateType
from windlass.utilities.asyncutils import run_coro_as_sync

T = TypeVar("T")

Description: TypeAlias = Generator["Effect[Any]", Any, T]
"""How something is run: yields effects, is sent their answers, and returns what came of it."""


class Abandoned(BaseException):
    """Nobody asks for more of what a generator yields.

    In place of GeneratorExit, which a description could not catch: it yields effects to end its
    run, and a generator may not yield once it is closed.
    """


class Effect(Generic[T]):
    """Something to do. In a description, `answer = yield from effect` has the answer, typed."""

    __slots__ = ()

    blocks: ClassVar[bool] = False
    """Whether `perform` waits for something else: the async driver then does it on a thread."""

    def __iter__(self) -> Description[T]:
        answer: T = yield self
        return answer

    def perform(self, session: Session) -> T:
        """Do it, and return the answer."""
        raise NotImplementedError

    async def perform_async(self, session: Session) -> T:
        """Do it without holding up the event loop."""
        if not self.blocks:
            return self.perform(session)
        from anyio import CancelScope, to_thread  # noqa: PLC0415 (synchronous code never needs it)

        # A run that was cancelled still has to say so: no later cancellation may stop that.
        with CancelScope(shield=True):
            return await to_thread.run_sync(self.perform, session)
        raise AssertionError("a scope that nobody cancels swallows nothing")


class Enter(Effect[None]):
    """A task run enters a state, and the server gets to know of it in its time.

    Not a dataclass: there are three of these in every task run, and frozen ones are slow to make.
    """

    __slots__ = ("data", "details", "message", "name", "record", "stored", "type")

    def __init__(
        self,
        record: TaskRunRecord,
        type: StateType,
        name: str,
        message: str | None = None,
        data: Any = None,
        details: Mapping[str, Any] | None = None,
        stored: JsonObject | None = None,
    ) -> None:
        self.record = record
        self.type = type
        self.name = name
        self.message = message
        self.data = data
        self.details = details
        self.stored = stored

    def perform(self, session: Session) -> None:
        record = self.record
        record.enter(
            Entered(
                session.new_id(),
                self.type,
                self.name,
                session.now(),
                self.message,
                self.details,
                self.data,
                record.run_count,
                self.stored,
            )
        )
        session.outbox.report(record)


@dataclass(frozen=True, slots=True)
class Sleep(Effect[None]):
    """Lets time pass."""

    seconds: float

    def perform(self, session: Session) -> None:
        time.sleep(self.seconds)

    async def perform_async(self, session: Session) -> None:
        from anyio import sleep  # noqa: PLC0415

        await sleep(self.seconds)


@dataclass(frozen=True, slots=True)
class Await(Effect[None]):
    """Waits until every future is done."""

    futures: Sequence[WindlassFuture[Any]]
    blocks = True

    def perform(self, session: Session) -> None:
        for future in self.futures:
            future.wait()


@dataclass(frozen=True, slots=True)
class Drain(Effect[bool]):
    """Waits until what was reported is acknowledged; False when that took too long."""

    blocks = True

    def perform(self, session: Session) -> bool:
        return session.outbox.drain(session.drain_seconds)


class Closes(Protocol):
    """A task runner, to be closed."""

    def close(self, *, wait: bool) -> None:
        """Start no more runs. With `wait`, return when those that were started are finished."""
        ...


@dataclass(frozen=True, slots=True)
class Close(Effect[None]):
    """Ends a task runner."""

    runner: Closes
    wait: bool
    blocks = True

    def perform(self, session: Session) -> None:
        self.runner.close(wait=self.wait)


class Claim(Protocol):
    """The execution that owns a run, and its lease, which is kept alive from `hold` on."""

    @property
    def execution_id(self) -> str: ...

    def hold(self) -> None: ...


@dataclass(frozen=True, slots=True)
class HoldLease(Effect[None]):
    """Begins to renew the lease."""

    claim: Claim

    def perform(self, session: Session) -> None:
        self.claim.hold()


@dataclass(frozen=True, slots=True)
class RunHooks(Effect[None]):
    """Calls hooks one after the other; what they raise is logged, and changes nothing.

    `run` makes the run that they are given.
    """

    hooks: Sequence[StateHook]
    subject: Any
    run: Callable[[], Any]
    state: State
    log: WindlassLogAdapter

    def perform(self, session: Session) -> None:
        for hook in self.hooks:
            try:
                result = hook(self.subject, self.run(), self.state)
                if iscoroutine(result):
                    run_coro_as_sync(result)
            except Exception:
                self._complain(hook)

    async def perform_async(self, session: Session) -> None:
        for hook in self.hooks:
            try:
                result = hook(self.subject, self.run(), self.state)
                if iscoroutine(result):
                    await result
            except Exception:
                self._complain(hook)

    def _complain(self, hook: StateHook) -> None:
        name = getattr(hook, "__name__", repr(hook))
        self.log.exception("The hook %s raised an exception.", name)
