"""Runs that a run depends on: who they are, and their results in place of futures and states."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast
from uuid import UUID

from windlass.definitions import TaskDefinition
from windlass.exceptions import UpstreamTaskError
from windlass.futures import WindlassFuture, find_futures, resolve_futures_to_results
from windlass.schemas.base import JsonObject
from windlass.schemas.states import State
from windlass.states import describe
from windlass.utilities.annotations import BaseAnnotation, allow_failure, quote
from windlass.utilities.binding import Parameters
from windlass.utilities.collections import LEAVES, replace_elements
from windlass.utilities.mapping import expand_mapping_parameters


def has_upstream(parameters: Parameters, wait_for: Sequence[Any]) -> bool:
    """Whether there may be futures, states or annotations in it: mostly there are none."""
    return bool(wait_for) or any(type(value) not in LEAVES for value in parameters.values())


def unfinished(parameters: Parameters, wait_for: Sequence[Any]) -> list[WindlassFuture[Any]]:
    """The futures that have to be done before a run with these parameters starts."""
    found = find_futures(list(wait_for)) + find_futures(parameters)
    return [future for future in found if not future.is_done]


def resolved(parameters: Parameters, wait_for: Sequence[Any]) -> Parameters:
    """`parameters` with results in place of futures, which are done, and of states.

    Raises UpstreamTaskError when one of them, or of those in `wait_for`, is of a run that did not
    complete; `allow_failure` lets it pass, and gives its exception.
    """
    for upstream in wait_for:
        _resolve(upstream)
    return {name: _resolve(value) for name, value in parameters.items()}


def task_inputs(
    parameters: Parameters,
    wait_for: Sequence[Any],
    dependencies: Mapping[str, Sequence[UUID]] | None = None,
) -> dict[str, list[JsonObject]]:
    """Which runs each parameter came from, as the `task_inputs` of a task run."""
    inputs = {name: _sources(value) for name, value in parameters.items()}
    if wait_for:
        inputs["wait_for"] = _sources(list(wait_for))
    for name, ids in (dependencies or {}).items():
        inputs[name] = inputs.get(name, []) + [_source("task_run", id) for id in ids]
    return inputs


def mapped(
    task: TaskDefinition, parameters: Parameters
) -> tuple[list[Parameters], dict[str, list[UUID]]]:
    """The parameters of each run that `map` makes, and which runs they came from.

    A future of an iterable is waited for. Raises MappingLengthMismatch and MappingMissingIterable.
    """
    dependencies = {
        name: [cast("WindlassFuture[Any]", value).task_run_id]
        for name, value in parameters.items()
        if isinstance(value, WindlassFuture)
    }
    spread = {
        name: resolve_futures_to_results(value) if name in dependencies else value
        for name, value in parameters.items()
    }
    return expand_mapping_parameters(task.binder, spread), dependencies


def _resolve(value: Any, *, may_fail: bool = False) -> Any:
    if type(value) in LEAVES:
        return value
    if isinstance(value, WindlassFuture):
        return _result(cast("WindlassFuture[Any]", value).state, may_fail=may_fail)
    if isinstance(value, State):
        return _result(value, may_fail=may_fail)
    if isinstance(value, quote):
        return cast("quote[Any]", value).unquote()
    if isinstance(value, BaseAnnotation):
        marked = cast("BaseAnnotation[Any]", value)
        return _resolve(marked.value, may_fail=may_fail or isinstance(value, allow_failure))
    return replace_elements(value, lambda element: _resolve(element, may_fail=may_fail))


def _result(state: State, *, may_fail: bool) -> Any:
    if state.is_completed() or (may_fail and state.is_final()):
        return state.result(raise_on_failure=False)
    raise UpstreamTaskError(
        f"The task run {state.state_details.task_run_id} that this one depends on is "
        f"{describe(state)}, not completed. Wrap it in `allow_failure` to run anyway."
    )


def _sources(value: Any) -> list[JsonObject]:
    found: list[JsonObject] = []
    _collect(value, found)
    return found


def _collect(value: Any, found: list[JsonObject]) -> Any:
    if isinstance(value, WindlassFuture):
        found.append(_source("task_run", cast("WindlassFuture[Any]", value).task_run_id))
    elif isinstance(value, State):
        found.extend(_sources_of_state(value))
    else:
        replace_elements(value, lambda element: _collect(element, found))
    return cast("object", value)


def _sources_of_state(state: State) -> Iterable[JsonObject]:
    details = state.state_details
    if details.task_run_id is not None:
        yield _source("task_run", details.task_run_id)
    elif details.flow_run_id is not None:
        yield _source("flow_run", details.flow_run_id)


def _source(input_type: str, id: UUID) -> JsonObject:
    return {"input_type": input_type, "id": id}
