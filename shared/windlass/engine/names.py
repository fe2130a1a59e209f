"""The names of runs."""

import inspect
from collections.abc import Callable
from typing import cast
from uuid import UUID

from windlass.definitions import RunName
from windlass.utilities.binding import Parameters


def run_name(template: RunName, parameters: Parameters) -> str:
    """The name of a run with these parameters.

    Raises TypeError when a function makes something else than text, and what formatting raises.
    """
    if isinstance(template, str):
        return template.format(**parameters)
    name = cast("object", template(parameters) if _takes_parameters(template) else template())
    if not isinstance(name, str):
        raise TypeError(
            f"{template!r} has to return the name of the run as text, not a {type(name).__name__}."
        )
    return name


def task_run_name(task_name: str, task_run_id: UUID) -> str:
    """The name of a task run that was given none: `clean-3f9`."""
    return f"{task_name}-{task_run_id.hex[-3:]}"


def _takes_parameters(function: Callable[..., str]) -> bool:
    return "parameters" in inspect.signature(function).parameters
