"""What a flow and a task are, apart from how they are run: the function and the options."""

import copy
import inspect
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, update_wrapper
from pathlib import Path
from types import MethodType
from typing import (
    TYPE_CHECKING,
    Any,
    Final,
    Literal,
    Self,
    TypeAlias,
    TypedDict,
    Unpack,
    cast,
)

from windlass.exceptions import InvalidNameError
from windlass.utilities.binding import Binder
from windlass.utilities.hashing import file_hash, stable_hash

if TYPE_CHECKING:
    # Only types: pydantic takes longer to import than everything else in a flow's module.
    from windlass.schemas.states import State
    from windlass.utilities.parameter_models import ParameterModel

StateHook: TypeAlias = Callable[[Any, Any, "State"], Any]
"""Called with the flow or task, its run, and the state that the run entered; may be async."""

RunName: TypeAlias = str | Callable[..., str]
"""A template over the parameters (`{date:%A}`, `{data.name}`), or a function that makes a name."""

RetryDelays: TypeAlias = float | Sequence[float] | Callable[[int], Sequence[float]]
"""Seconds before every retry, or before each; or a function from their number to that."""

RetryCondition: TypeAlias = Callable[[Any, Any, "State"], bool]

RESERVED: Final = ("return_state", "wait_for")
_REFUSED_IN_NAMES: Final = frozenset("/%&><")


class FlowOptions(TypedDict, total=False):
    """The options of a flow; None is the same as not given."""

    name: str | None
    """By default the name of the function, with `-` for `_`."""
    version: str | None
    """By default a hash of the file of the function; None where there is no file."""
    description: str | None
    """By default the docstring of the function."""
    flow_run_name: RunName | None
    retries: int | None
    """How often a failed run is tried again; by default WINDLASS_FLOWS_DEFAULT_RETRIES."""
    retry_delay_seconds: float | None
    task_runner: Any
    """A task runner or its class; by default `ThreadPoolTaskRunner`."""
    timeout_seconds: float | None
    validate_parameters: bool | None
    """Whether parameters are cast to their type hints; by default True."""
    log_prints: bool | None
    """Whether what is printed is logged too; by default what the parent run does."""
    on_completion: Iterable[StateHook] | None
    on_failure: Iterable[StateHook] | None
    on_cancellation: Iterable[StateHook] | None
    on_crashed: Iterable[StateHook] | None
    on_running: Iterable[StateHook] | None


class TaskOptions(TypedDict, total=False):
    """The options of a task; None is the same as not given."""

    name: str | None
    """By default the name of the function."""
    description: str | None
    """By default the docstring of the function."""
    tags: Iterable[str] | None
    version: str | None
    task_run_name: RunName | None
    retries: int | None
    """How often a failed run is tried again; by default WINDLASS_TASKS_DEFAULT_RETRIES."""
    retry_delay_seconds: RetryDelays | None
    retry_jitter_factor: float | None
    """Makes each delay longer by a random part of it, up to this factor."""
    retry_condition_fn: RetryCondition | None
    """Called with the task, the run and its failed state; False ends the run as failed."""
    timeout_seconds: float | None
    log_prints: bool | None
    """Whether what is printed is logged too; by default what the parent run does."""
    on_completion: Iterable[StateHook] | None
    on_failure: Iterable[StateHook] | None
    on_running: Iterable[StateHook] | None


class Definition:
    """A function that was decorated, and how it binds to instances and classes."""

    def __init__(self, fn: Any, *, name: str | None, description: str | None) -> None:
        self._binding: Literal["instance", "class", "static"] = "instance"
        if isinstance(fn, classmethod | staticmethod):
            self._binding = "class" if isinstance(fn, classmethod) else "static"
            fn = cast("staticmethod[..., Any]", fn).__func__
        if not callable(fn):
            raise TypeError(f"Expected a function to decorate, got a {type(fn).__name__}.")
        update_wrapper(cast("Any", self), fn, updated=())
        self.fn: Callable[..., Any] = fn
        self.__wrapped__ = fn
        # A lambda is called `<lambda>`.
        self.name = name or getattr(fn, "__name__", type(fn).__name__).strip("<>")
        self._description = description
        self.isasync = inspect.iscoroutinefunction(fn) or inspect.isasyncgenfunction(fn)
        self.isgenerator = inspect.isgeneratorfunction(fn) or inspect.isasyncgenfunction(fn)
        self.binder = Binder(fn, skip_first=self._binding == "class")
        self.binder.refuse(RESERVED)
        self._models: dict[Binder, ParameterModel] = {}

    @property
    def description(self) -> str | None:
        """What was given, else the docstring of the function."""
        return self._description or inspect.getdoc(self.fn)

    @property
    def ismethod(self) -> bool:
        """Whether it is bound to an instance."""
        return isinstance(self.fn, MethodType) and self._binding == "instance"

    @property
    def isclassmethod(self) -> bool:
        return self._binding == "class"

    @property
    def isstaticmethod(self) -> bool:
        return self._binding == "static"

    @property
    def parameter_model(self) -> "ParameterModel":
        """The parameters as a pydantic model; made once, for all instances of a class."""
        from windlass.utilities.parameter_models import ParameterModel  # noqa: PLC0415

        if self.binder not in self._models:
            self._models[self.binder] = ParameterModel(self.fn, self.binder.signature)
        return self._models[self.binder]

    def bound_to(self, instance: object | None, owner: type | None) -> Self:
        """Itself as an attribute of `instance`, or of the class `owner`: what `__get__` gives."""
        target = owner if self._binding == "class" else instance
        if target is None or self._binding == "static" or isinstance(self.fn, MethodType):
            return self
        binder = self.binder if self._binding == "class" else self._method_binder
        bound = copy.copy(self)
        bound.fn = bound.__wrapped__ = MethodType(self.fn, target)
        bound.binder = binder
        return bound

    @cached_property
    def _method_binder(self) -> Binder:
        return Binder(self.fn, skip_first=True)


class FlowDefinition(Definition):
    """A flow: a function whose runs the server orchestrates."""

    def __init__(self, fn: Any, **options: Unpack[FlowOptions]) -> None:
        refuse_unknown("a flow", options, FlowOptions)
        super().__init__(fn, name=options.get("name"), description=options.get("description"))
        if options.get("name") is None:
            self.name = self.name.replace("_", "-")
        if refused := _REFUSED_IN_NAMES.intersection(self.name):
            said = " ".join(sorted(refused))
            raise InvalidNameError(f"{self.name!r}: the name of a flow cannot have {said} in it.")
        self._version = options.get("version")
        self.flow_run_name = options.get("flow_run_name")
        # Where `from_source` found it: for `windlass.deployments`, which knows what it is.
        self.source: object = None
        self.retries = options.get("retries")
        self.retry_delay_seconds = options.get("retry_delay_seconds")
        self.task_runner = options.get("task_runner")
        self.timeout_seconds = options.get("timeout_seconds")
        self.should_validate_parameters = options.get("validate_parameters") is not False
        self.log_prints = options.get("log_prints")
        self.on_completion_hooks = list(options.get("on_completion") or ())
        self.on_failure_hooks = list(options.get("on_failure") or ())
        self.on_cancellation_hooks = list(options.get("on_cancellation") or ())
        self.on_crashed_hooks = list(options.get("on_crashed") or ())
        self.on_running_hooks = list(options.get("on_running") or ())

    @cached_property
    def version(self) -> str | None:
        """What was given, else a hash of the file of the function; None where there is no file."""
        if self._version is not None:
            return self._version
        try:
            return file_hash(inspect.getsourcefile(inspect.unwrap(self.fn)) or "")
        except (OSError, TypeError):
            return None


class TaskDefinition(Definition):
    """A task: a function whose runs their own process orchestrates."""

    def __init__(self, fn: Any, **options: Unpack[TaskOptions]) -> None:
        refuse_unknown("a task", options, TaskOptions)
        super().__init__(fn, name=options.get("name"), description=options.get("description"))
        self.tags = frozenset(options.get("tags") or ())
        self.version = options.get("version")
        self.task_run_name = options.get("task_run_name")
        self.retries = options.get("retries")
        self.retry_delay_seconds = options.get("retry_delay_seconds")
        self.retry_jitter_factor = options.get("retry_jitter_factor")
        self.retry_condition_fn = options.get("retry_condition_fn")
        self.timeout_seconds = options.get("timeout_seconds")
        self.log_prints = options.get("log_prints")
        self.on_completion_hooks = list(options.get("on_completion") or ())
        self.on_failure_hooks = list(options.get("on_failure") or ())
        self.on_running_hooks = list(options.get("on_running") or ())
        function = f"{_module_name(self.fn)}.{getattr(self.fn, '__qualname__', self.name)}"
        self.task_key = f"{self.name}-{stable_hash(self.name, function)[:8]}"


def _module_name(fn: Any) -> str:
    """The last part of the name of its module, however it is run: as a script, or imported.

    A task worker that is started as a script serves the tasks that others import from it.
    """
    module: str = getattr(fn, "__module__", "")
    code = getattr(fn, "__code__", None)
    if module.startswith("__") and code is not None:
        return Path(code.co_filename).stem
    return module.rpartition(".")[2]


def refuse_unknown(what: str, options: Iterable[str], known: type) -> None:
    """Raise TypeError if `options` has a name that the TypedDict `known` does not."""
    names = known.__annotations__
    for option in options:
        if option not in names:
            raise TypeError(f"{what} has no option {option!r}; it has {', '.join(names)}.")
