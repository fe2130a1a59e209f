"""Public: steps of a deployment, run in order: `{"importable.function": {"input": "value"}}`."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Final, cast

from windlass.exceptions import WindlassError
from windlass.schemas.base import JsonObject, JsonValue
from windlass.utilities.asyncutils import run_coro_as_sync
from windlass.utilities.importtools import import_object
from windlass.utilities.templating import apply_values, references

_NOT_INPUTS: Final = frozenset({"id", "requires"})


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


def find_step(name: str) -> Callable[..., object]:
    """The function of a step. Raises StepExecutionError when there is no such function here."""
    try:
        function: Callable[..., object] = import_object(_our_name(name))
    except Exception as error:
        raise StepExecutionError(
            f"There is no step `{name}` here ({type(error).__name__}: {error})."
        ) from error
    return function


def _run(name: str, inputs: JsonObject, outputs: Mapping[str, JsonValue]) -> JsonObject:
    arguments = {key: value for key, value in inputs.items() if key not in _NOT_INPUTS}
    function = find_step(name)
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


def _our_name(name: str) -> str:
    """Deployments made for Prefect name the same steps under its name."""
    return f"windlass.{name.removeprefix('prefect.')}" if name.startswith("prefect.") else name
