"""Public: tasks, and the decorator that makes them."""

from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping
from functools import cache
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Generic,
    Literal,
    ParamSpec,
    Self,
    TypeVar,
    Unpack,
    cast,
    overload,
)

from windlass.definitions import StateHook, TaskDefinition, TaskOptions, refuse_unknown
from windlass.exceptions import MissingContextError

if TYPE_CHECKING:
    from uuid import UUID

    # What runs tasks is imported with the first call: a module of tasks imports in no time.
    from windlass.futures import (
        WindlassDistributedFuture,
        WindlassFuture,
        WindlassFutureList,
    )
    from windlass.schemas.states import State

__all__ = ["Task", "TaskOptions", "exponential_backoff", "task"]

P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)
Q = ParamSpec("Q")
T = TypeVar("T")
HookT = TypeVar("HookT", bound=StateHook)


class Task(TaskDefinition, Generic[P, R_co]):
    """A function whose calls are task runs: each is recorded, and tried again if it says so.

    A call runs it here and now, in the flow run that is active, if there is one. `submit` and
    `map` run it elsewhere meanwhile. All take two more arguments than the function: `wait_for`, a
    list of futures or states that have to complete first, and `return_state`, which asks for the
    final state in place of what the function returns.

    Futures and states among the arguments are waited for, and replaced by their results.
    """

    fn: Callable[P, R_co]

    def __init__(self, fn: Callable[P, R_co], **options: Unpack[TaskOptions]) -> None:
        super().__init__(fn, **options)
        self._decorated: Any = fn
        self._options = options

    @overload
    def __get__(self, instance: None, owner: type | None = None) -> Self: ...
    @overload
    def __get__(
        self: "Task[Concatenate[Any, Q], T]", instance: object, owner: type | None = None
    ) -> "Task[Q, T]": ...
    def __get__(self, instance: object | None, owner: type | None = None) -> Any:
        return self.bound_to(instance, owner)

    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co: ...
    @overload
    def __call__(
        self: "Task[..., Coroutine[Any, Any, T]]",
        *args: Any,
        return_state: Literal[True],
        wait_for: Iterable[Any] | None = None,
        **kwargs: Any,
    ) -> "Coroutine[Any, Any, State]": ...
    @overload
    def __call__(
        self,
        *args: Any,
        return_state: Literal[True],
        wait_for: Iterable[Any] | None = None,
        **kwargs: Any,
    ) -> "State": ...
    @overload
    def __call__(self, *args: Any, wait_for: Iterable[Any], **kwargs: Any) -> R_co: ...
    def __call__(
        self,
        *args: Any,
        return_state: bool = False,
        wait_for: Iterable[Any] | None = None,
        **kwargs: Any,
    ) -> Any:
        """Run it. Raises what the function raises, once no retries are left."""
        parameters = self.binder.bind(args, kwargs)
        return_type = "state" if return_state else "result"
        return _engine().run_task(self, parameters, listed(wait_for), return_type)

    @overload
    def submit(
        self: "Task[P, Coroutine[Any, Any, T]]", *args: P.args, **kwargs: P.kwargs
    ) -> "WindlassFuture[T]": ...
    @overload
    def submit(self, *args: P.args, **kwargs: P.kwargs) -> "WindlassFuture[R_co]": ...
    @overload
    def submit(
        self,
        *args: Any,
        return_state: Literal[True],
        wait_for: Iterable[Any] | None = None,
        **kwargs: Any,
    ) -> "State": ...
    @overload
    def submit(
        self: "Task[..., Coroutine[Any, Any, T]]",
        *args: Any,
        wait_for: Iterable[Any],
        **kwargs: Any,
    ) -> "WindlassFuture[T]": ...
    @overload
    def submit(
        self, *args: Any, wait_for: Iterable[Any], **kwargs: Any
    ) -> "WindlassFuture[R_co]": ...
    def submit(
        self,
        *args: Any,
        return_state: bool = False,
        wait_for: Iterable[Any] | None = None,
        **kwargs: Any,
    ) -> Any:
        """Run it in the task runner of the flow run, and return a future at once.

        The same for async tasks. Raises MissingContextError outside of flow runs.
        """
        parameters = self.binder.bind(args, kwargs)
        future = _task_runner().submit(self, parameters, listed(wait_for))
        if return_state:
            future.wait()
            return future.state
        return future

    @overload
    def delay(
        self: "Task[P, Coroutine[Any, Any, T]]", *args: P.args, **kwargs: P.kwargs
    ) -> "WindlassDistributedFuture[T]": ...
    @overload
    def delay(self, *args: P.args, **kwargs: P.kwargs) -> "WindlassDistributedFuture[R_co]": ...
    def delay(self, *args: Any, **kwargs: Any) -> Any:
        """Schedule a run for a task worker (`serve`), and return a future of it at once.

        It belongs to no flow run. Raises ParameterTypeError for arguments that cannot be stored.
        """
        return self.apply_async(args, kwargs)

    def apply_async(
        self,
        args: Iterable[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        wait_for: Iterable[Any] | None = None,
        dependencies: "Mapping[str, Collection[UUID]] | None" = None,
    ) -> "WindlassDistributedFuture[R_co]":
        """As `delay`. The run begins when what is in `wait_for` has completed; `dependencies` are
        ids of task runs that parameters came from."""
        parameters = self.binder.bind(tuple(args), dict(kwargs or {}))
        known = {name: list(ids) for name, ids in (dependencies or {}).items()}
        return _deferral().defer(self, parameters, listed(wait_for) or (), known)

    def serve(self) -> None:
        """Run what is scheduled by `delay` in this process, until it is stopped."""
        from windlass.task_worker import serve  # noqa: PLC0415 (most tasks are never served)

        serve(self)

    @overload
    def map(
        self: "Task[..., Coroutine[Any, Any, T]]",
        *args: Any,
        return_state: Literal[False] = False,
        wait_for: Iterable[Any] | None = None,
        deferred: bool = False,
        **kwargs: Any,
    ) -> "WindlassFutureList[T]": ...
    @overload
    def map(
        self,
        *args: Any,
        return_state: Literal[False] = False,
        wait_for: Iterable[Any] | None = None,
        deferred: bool = False,
        **kwargs: Any,
    ) -> "WindlassFutureList[R_co]": ...
    @overload
    def map(
        self,
        *args: Any,
        return_state: Literal[True],
        wait_for: Iterable[Any] | None = None,
        deferred: bool = False,
        **kwargs: Any,
    ) -> "list[State]": ...
    def map(
        self,
        *args: Any,
        return_state: bool = False,
        wait_for: Iterable[Any] | None = None,
        deferred: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Submit one run for each element of the iterables among the arguments.

        These have to be of one length; what cannot be iterated over, and what is `unmapped`, is
        the same for all runs. With `deferred`, they are runs for task workers, as of `delay`.
        Raises MappingMissingIterable, MappingLengthMismatch, and MissingContextError outside of
        flow runs unless `deferred`.
        """
        parameters = self.binder.bind(args, kwargs, with_defaults=False)
        submit_all = _deferral().defer_all if deferred else _task_runner().map
        futures = submit_all(self, parameters, listed(wait_for))
        if return_state:
            futures.wait()
            return [future.state for future in futures]
        return futures

    def with_options(self, **options: Unpack[TaskOptions]) -> "Task[P, R_co]":
        """A copy with other options; those that are not given stay as they are."""
        refuse_unknown("a task", options, TaskOptions)
        hooks: TaskOptions = {
            "on_completion": self.on_completion_hooks,
            "on_failure": self.on_failure_hooks,
            "on_running": self.on_running_hooks,
        }
        return Task(self._decorated, **cast("TaskOptions", {**self._options, **hooks, **options}))

    def on_completion(self, fn: HookT) -> HookT:
        """Call `fn` with the task, the run and its state when a run has completed."""
        self.on_completion_hooks.append(fn)
        return fn

    def on_failure(self, fn: HookT) -> HookT:
        """Call `fn` with the task, the run and its state when a run has failed for good."""
        self.on_failure_hooks.append(fn)
        return fn

    def on_running(self, fn: HookT) -> HookT:
        """Call `fn` with the task, the run and its state before each attempt of a run."""
        self.on_running_hooks.append(fn)
        return fn


@overload
def task(fn: "staticmethod[P, T]", /) -> Task[P, T]: ...
@overload
def task(fn: Callable[P, T], /, **options: Unpack[TaskOptions]) -> Task[P, T]: ...
@overload
def task(**options: Unpack[TaskOptions]) -> "Callable[[Callable[P, T]], Task[P, T]]": ...
def task(fn: Any = None, /, **options: Unpack[TaskOptions]) -> Any:
    """Make a task of a function: plain, async, a generator, or a method.

    `@task`, `@task(retries=2)`, or `task(function)`. Raises TypeError for an option that there is
    not.
    """
    if fn is None:
        refuse_unknown("a task", options, TaskOptions)

        def decorate(function: Callable[..., Any]) -> Task[..., Any]:
            return Task(function, **options)

        return decorate
    return Task(fn, **options)


def exponential_backoff(backoff_factor: float) -> Callable[[int], list[float]]:
    """For `retry_delay_seconds`: `backoff_factor` seconds before the first retry, then doubled."""

    def delays(retries: int) -> list[float]:
        return [backoff_factor * 2**retry for retry in range(min(retries, _MOST_DELAYS))]

    return delays


_MOST_DELAYS = 50


def listed(wait_for: Iterable[Any] | None) -> list[Any] | None:
    """What was given as `wait_for`. Raises TypeError for one future that is not in a list."""
    if wait_for is None:
        return None
    try:
        return list(wait_for)
    except TypeError:
        kind = type(wait_for).__name__
        raise TypeError(
            f"`wait_for` has to be a list, not a {kind}: write `wait_for=[...]`."
        ) from None


@cache
def _engine() -> Any:
    from windlass import task_engine  # noqa: PLC0415

    return task_engine


def _deferral() -> Any:
    from windlass.engine import deferral  # noqa: PLC0415

    return deferral


def _task_runner() -> Any:
    from windlass.context import FlowRunContext  # noqa: PLC0415

    context = FlowRunContext.get()
    if context is None:
        raise MissingContextError(
            "No flow run is active here, and so no task runner: call the task, or submit it to a "
            "runner of your own: `with ThreadPoolTaskRunner() as runner: runner.submit(...)`."
        )
    return context.task_runner
