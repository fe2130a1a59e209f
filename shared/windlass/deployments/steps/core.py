"""Public: steps of a deployment, run in order: `{"importable.function": {"input": "value"}}`."""

import importlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Final, cast

from windlass.exceptions import WindlassError
from windlass.schemas.base import JsonObject, JsonValue
from windlass.utilities.asyncutils import run_coro_as_sync
from windlass.utilities.importtools import import_object
from windlass.utilities.templating import apply_values, references

_NOT_INPUTS: Final = frozenset({"id", "requires"})
_IMAGES: Final = "prefect_docker."


class StepExecutionError(WindlassError):
    """A step of a deployment could not be run."""


def run_steps(
    steps: Sequence[JsonObject], upstream_outputs: Mapping[str, JsonValue] | None = None
) -> JsonObject:
    """Run steps in order and return every output that they made.

    What a step with an `id` returns is there for the inputs of those after it, as
    `{{ id.output }}`; references to what is stored on the server are looked up. Raises
    StepExecutionError.
    """
    outputs = dict(upstream_outputs or {})
    for step in steps:
        for function, inputs in step.items():
            given = cast(JsonObject, inputs or {})
            answer = _run(function, given, outputs)
            outputs |= answer
            if name := given.get("id"):
                outputs[name] = answer
    return outputs


def run_step(
    step: JsonObject, upstream_outputs: Mapping[str, JsonValue] | None = None
) -> JsonObject:
    """Run one step and return its output. Raises StepExecutionError."""
    ((function, inputs),) = step.items()
    return _run(function, inputs or {}, upstream_outputs or {})


def referred_to(template: JsonValue) -> dict[str, JsonValue]:
    """The values of what a template refers to on the server, by placeholder.

    Raises PlaceholderUnresolved for what is not there.
    """
    if not references(template):
        return {}
    # The client takes a while to import, and most steps refer to nothing.
    from windlass.references.lookup import look_up_now  # noqa: PLC0415

    return look_up_now(template)


def find_step(name: str, requires: object = None) -> Callable[..., object]:
    """The function of a step; what it `requires` is installed where it cannot be imported.

    Raises StepExecutionError when there is no such function here.
    """
    if name.startswith(_IMAGES):
        raise StepExecutionError(
            "Windlass has no steps that build or push images yet: do in a step `run_shell_script`"
            f" what `{name}` does, and name the image in the `job_variables` of the work pool."
        )
    try:
        return _imported(name)
    except ImportError as error:
        if not requires:
            raise _missing(name, error) from error
    except Exception as error:
        raise _missing(name, error) from error
    _install(name, requires)
    try:
        return _imported(name)
    except Exception as error:
        raise _missing(name, error) from error


def _run(name: str, inputs: JsonObject, outputs: Mapping[str, JsonValue]) -> JsonObject:
    arguments = {key: value for key, value in inputs.items() if key not in _NOT_INPUTS}
    function = find_step(name, inputs.get("requires"))
    try:
        values = {**outputs, **referred_to(arguments)}
        answer = function(**cast(JsonObject, apply_values(arguments, values)))
        if inspect.iscoroutine(answer):
            answer = run_coro_as_sync(answer)
    except Exception as error:
        raise StepExecutionError(
            f"The step `{name}` failed: {type(error).__name__}: {error}"
        ) from error
    return cast(JsonObject, answer) if isinstance(answer, dict) else {}


def _imported(name: str) -> Callable[..., object]:
    function: Callable[..., object] = import_object(_our_name(name))
    return function


def _missing(name: str, error: Exception) -> StepExecutionError:
    return StepExecutionError(f"There is no step `{name}` here ({type(error).__name__}: {error}).")


def _install(name: str, requires: object) -> None:
    # It starts programs, and what that takes is imported for that alone.
    from windlass.deployments.steps.utility import install_packages  # noqa: PLC0415

    requirements = cast("list[str]", requires) if isinstance(requires, list) else [str(requires)]
    try:
        run_coro_as_sync(install_packages(*requirements))
    except Exception as error:
        raise StepExecutionError(
            f"What the step `{name}` requires could not be installed: {error}"
        ) from error
    importlib.invalidate_caches()


def _our_name(name: str) -> str:
    """Deployments made for Prefect name the same steps under its name."""
    return f"windlass.{name.removeprefix('prefect.')}" if name.startswith("prefect.") else name
