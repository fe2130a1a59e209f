"""Public: flows, and the decorator that makes them."""

import sys
from collections.abc import Callable, Coroutine, Iterable
from functools import cache
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Final,
    Generic,
    Literal,
    ParamSpec,
    Self,
    TypeVar,
    Unpack,
    cast,
    overload,
)

from windlass.definitions import FlowDefinition, FlowOptions, StateHook, refuse_unknown
from windlass.entrypoints import load_flow_from_entrypoint
from windlass.tasks import listed
from windlass.utilities.quick_imports import quick_imports

if TYPE_CHECKING:
    # What runs flows is imported with the first call: a module of flows imports in no time.
    from pathlib import Path
    from uuid import UUID

    from windlass.deployments.options import (
        DeployFlowOptions,
        DeploymentOptions,
        ServeFlowOptions,
    )
    from windlass.deployments.runner import RunnerDeployment
    from windlass.deployments.storage import RunnerStorage
    from windlass.schemas.states import State
    from windlass.utilities.binding import Parameters
    from windlass.utilities.callables import ParameterSchema

__all__ = ["Flow", "flow", "load_flow_from_entrypoint"]

P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)
Q = ParamSpec("Q")
T = TypeVar("T")
HookT = TypeVar("HookT", bound=StateHook)


class Flow(FlowDefinition, Generic[P, R_co]):
    """A function whose calls are flow runs: the server knows of each, and of what it does.

    A call runs it here and now; inside of a flow run, as a child of that. It takes two more
    arguments than the function: `wait_for`, a list of futures or states that have to complete
    first, and `return_state`, which asks for the final state in place of what the function
    returns. Futures and states among the arguments are waited for, and replaced by their results.

    What the function returns decides how the run ends: see `return_value_to_state`.
    """

    fn: Callable[P, R_co]

    def __init__(self, fn: Callable[P, R_co], **options: Unpack[FlowOptions]) -> None:
        super().__init__(fn, **options)
        self._decorated: Any = fn
        self._options = options

    @property
    def parameters(self) -> "ParameterSchema":
        """What the flow takes, as an OpenAPI schema."""
        from windlass.utilities.callables import schema_of  # noqa: PLC0415

        return schema_of(self.parameter_model, self.fn.__doc__)

    @overload
    def __get__(self, instance: None, owner: type | None = None) -> Self: ...
    @overload
    def __get__(
        self: "Flow[Concatenate[Any, Q], T]", instance: object, owner: type | None = None
    ) -> "Flow[Q, T]": ...
    def __get__(self, instance: object | None, owner: type | None = None) -> Any:
        return self.bound_to(instance, owner)

    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co: ...
    @overload
    def __call__(
        self: "Flow[..., Coroutine[Any, Any, T]]",
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
        """Run it. Raises what the function raises, once no retries are left.

        Raises ParameterTypeError for parameters that do not fit their type hints.
        """
        parameters = self.binder.bind(args, kwargs)
        return_type = "state" if return_state else "result"
        return _engine().run_flow(self, parameters, listed(wait_for), return_type)

    def validate_parameters(self, parameters: "Parameters") -> "Parameters":
        """`parameters` cast to their type hints. Raises ParameterTypeError."""
        return self.parameter_model.validate(parameters)

    def serialize_parameters(self, parameters: "Parameters") -> dict[str, Any]:
        """`parameters` as JSON; one that cannot be is left out."""
        return _engine().serialized(parameters)

    def with_options(self, **options: Unpack[FlowOptions]) -> "Flow[P, R_co]":
        """A copy with other options; those that are not given stay as they are."""
        refuse_unknown("a flow", options, FlowOptions)
        hooks: FlowOptions = {
            "on_completion": self.on_completion_hooks,
            "on_failure": self.on_failure_hooks,
            "on_cancellation": self.on_cancellation_hooks,
            "on_crashed": self.on_crashed_hooks,
            "on_running": self.on_running_hooks,
        }
        made = Flow(self._decorated, **cast("FlowOptions", {**self._options, **hooks, **options}))
        made.source = self.source
        return made

    def on_completion(self, fn: HookT) -> HookT:
        """Call `fn` with the flow, the run and its state when a run has completed."""
        self.on_completion_hooks.append(fn)
        return fn

    def on_failure(self, fn: HookT) -> HookT:
        """Call `fn` with the flow, the run and its state when a run has failed for good."""
        self.on_failure_hooks.append(fn)
        return fn

    def on_cancellation(self, fn: HookT) -> HookT:
        """Call `fn` with the flow, the run and its state when a run is being cancelled."""
        self.on_cancellation_hooks.append(fn)
        return fn

    def on_crashed(self, fn: HookT) -> HookT:
        """Call `fn` with the flow, the run and its state when a run has crashed."""
        self.on_crashed_hooks.append(fn)
        return fn

    def on_running(self, fn: HookT) -> HookT:
        """Call `fn` with the flow, the run and its state before each attempt of a run."""
        self.on_running_hooks.append(fn)
        return fn

    @staticmethod
    def from_source(source: "str | Path | RunnerStorage", entrypoint: str) -> "Flow[..., Any]":
        """The flow at `path/to/file.py:name` in a directory or a git repository, which its
        deployments will use.

        To be awaited in asynchronous code. Raises ConfigurationError for a source that is neither,
        CommandFailed for a repository that cannot be cloned, MissingFlowError and ScriptError.
        """
        return _deployments().from_source(source, entrypoint)

    def to_deployment(
        self, name: str, **options: "Unpack[DeploymentOptions]"
    ) -> "RunnerDeployment":
        """A deployment of this flow, for `deploy` and `serve`.

        To be awaited in asynchronous code. Raises MissingFlowError where no other process could
        find the flow, ValueError for a schedule that cannot be read.
        """
        return _deployments().to_deployment(self, name, **options)

    def deploy(self, name: str, **options: "Unpack[DeployFlowOptions]") -> "UUID":
        """Register a deployment of this flow for the workers of a pool, and return its id.

        To be awaited in asynchronous code. Raises what `to_deployment` and `deploy` do.
        """
        return _deployments().deploy_flow(self, name, **options)

    def serve(self, name: str | None = None, **options: "Unpack[ServeFlowOptions]") -> None:
        """Register a deployment of this flow, by default of its own name, and take its runs.

        Returns when the process is asked to stop. Each run is a process of its own.
        """
        from windlass.runner.serving import serve_flow  # noqa: PLC0415 (see above)

        serve_flow(self, name, **options)


class FlowDecorator:
    """Makes flows of functions: `flow`, which is what `@flow` says."""

    from_source = staticmethod(Flow.from_source)

    @overload
    def __call__(self, fn: "staticmethod[P, T]", /) -> Flow[P, T]: ...
    @overload
    def __call__(self, fn: Callable[P, T], /, **options: Unpack[FlowOptions]) -> Flow[P, T]: ...
    @overload
    def __call__(
        self, fn: None = None, /, **options: Unpack[FlowOptions]
    ) -> "Callable[[Callable[P, T]], Flow[P, T]]": ...
    def __call__(self, fn: Any = None, /, **options: Unpack[FlowOptions]) -> Any:
        """Make a flow of a function: plain, async, a generator, or a method.

        `@flow`, `@flow(retries=2)`, or `flow(function)`. Raises TypeError for an option that there
        is not.
        """
        if fn is None:
            refuse_unknown("a flow", options, FlowOptions)

            def decorate(function: Callable[..., Any]) -> Flow[..., Any]:
                return Flow(function, **options)

            return decorate
        return Flow(fn, **options)


flow: Final = FlowDecorator()


def _deployments() -> Any:
    from windlass.deployments import flow_methods  # noqa: PLC0415 (see above)

    return flow_methods


@cache
def _engine() -> Any:
    # Whoever imported sessions chose one, or will find the server when the engine asks for it.
    if "windlass.engine.session" not in sys.modules:
        _begin_to_start_embedded_server()
    with quick_imports():
        from windlass import flow_engine  # noqa: PLC0415

    return flow_engine


def _begin_to_start_embedded_server() -> None:
    """Where no API is configured: it starts while this process imports what runs flows."""
    from windlass.client.ephemeral import ensure_api  # noqa: PLC0415
    from windlass.settings import get_current_settings  # noqa: PLC0415

    settings = get_current_settings()
    if not settings.api.url and settings.server.ephemeral.enabled:
        ensure_api(settings)
