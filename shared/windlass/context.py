"""Public: the run that code is a part of."""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, Self

from windlass.exceptions import MissingContextError

if TYPE_CHECKING:
    # Only types: a module of flows that imports `tags` or `get_run_logger` imports in no time.
    from datetime import datetime
    from uuid import UUID

    from windlass.definitions import FlowDefinition, TaskDefinition
    from windlass.futures import WindlassFuture
    from windlass.reporting.records import TaskRunRecord
    from windlass.schemas.flow_runs import FlowRun
    from windlass.schemas.task_runs import TaskRun
    from windlass.utilities.binding import Parameters


class TaskSubmitter(Protocol):
    """Starts task runs somewhere else than in the thread that asks: a task runner."""

    def submit(
        self,
        task: "TaskDefinition",
        parameters: "Parameters",
        wait_for: Sequence[Any] | None = None,
        dependencies: "Mapping[str, Sequence[UUID]] | None" = None,
    ) -> "WindlassFuture[Any]":
        """Start a run of `task` as soon as what it depends on is finished."""
        ...


class TaskDefaults(NamedTuple):
    """What the settings say about tasks that do not say it themselves."""

    retries: int = 0
    retry_delay_seconds: float | Sequence[float] = 0
    max_workers: int | None = None


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowRunContext:
    """A flow run, for the code in it. `deadline` is by the monotonic clock.

    `parent` is that of the flow run which called this one. `execution_id` is the execution that
    owns it, `is_suspended` says whether somebody suspended it from outside, and `pauses` numbers
    the pauses of this attempt.
    """

    flow: "FlowDefinition"
    flow_run: "FlowRun"
    parameters: "Parameters"
    task_runner: TaskSubmitter
    log_prints: bool
    start_time: "datetime"
    task_defaults: TaskDefaults
    deadline: float | None = None
    parent: "FlowRunContext | None" = None
    execution_id: str | None = None
    is_suspended: "Callable[[], bool]" = _never
    pauses: "Iterator[int]" = field(default_factory=lambda: count(1))

    @classmethod
    def get(cls) -> Self | None:
        """The innermost flow run that this code is a part of; None if there is none."""
        context = current_scope().flow
        return context if isinstance(context, cls) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRunContext:
    """A task run, for the code in it."""

    task: "TaskDefinition"
    record: "TaskRunRecord"
    parameters: "Parameters"
    log_prints: bool

    @classmethod
    def get(cls) -> Self | None:
        """The innermost task run that this code is a part of; None if there is none."""
        context = current_scope().task
        return context if isinstance(context, cls) else None

    @property
    def task_run(self) -> "TaskRun":
        """The run as the API has it."""
        return self.record.task_run()


EngineContext = FlowRunContext


class RunScope(NamedTuple):
    """The flow run and the task run that code is a part of. A flow hides the task that calls it."""

    flow: FlowRunContext | None = None
    task: TaskRunContext | None = None


_NOWHERE: Final = RunScope()
_SCOPE: ContextVar[RunScope] = ContextVar("windlass_run_scope", default=_NOWHERE)
_TAGS: ContextVar[frozenset[str]] = ContextVar("windlass_tags", default=frozenset())


def current_scope() -> RunScope:
    """Where this code runs."""
    return _SCOPE.get()


@contextmanager
def entered(scope: RunScope) -> Generator[None]:
    """Run the block as a part of `scope`."""
    token = _SCOPE.set(scope)
    try:
        yield
    finally:
        _SCOPE.reset(token)


def get_run_context() -> FlowRunContext | TaskRunContext:
    """The innermost run that this code is a part of. Raises MissingContextError outside of runs."""
    flow, task = current_scope()
    context = task or flow
    if context is None:
        raise MissingContextError("No run is active here: call this inside of a flow or a task.")
    return context


@contextmanager
def tags(*new_tags: str) -> Generator[set[str]]:
    """Give these tags to every run that the block starts, on top of those given outside of it.

    Yields all tags that count in the block.
    """
    token = _TAGS.set(_TAGS.get().union(new_tags))
    try:
        yield set(_TAGS.get())
    finally:
        _TAGS.reset(token)


def current_tags() -> frozenset[str]:
    """The tags that runs started here get."""
    return _TAGS.get()


class TagsContext(NamedTuple):
    """The tags that runs get."""

    current_tags: frozenset[str]

    @classmethod
    def get(cls) -> Self:
        """The tags that runs started here get."""
        return cls(current_tags())
