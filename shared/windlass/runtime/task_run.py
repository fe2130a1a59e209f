"""Public: facts about the task run that code is a part of."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from windlass.context import TaskRunContext
from windlass.runtime.mocks import fact
from windlass.utilities.urls import task_run_url, ui_url_of

if TYPE_CHECKING:
    id: str | None
    tags: list[str]
    run_count: int
    name: str | None
    task_name: str | None
    parameters: dict[str, Any]
    task_run_api_url: str | None
    task_run_ui_url: str | None


def get_id() -> str | None:
    """The id of the task run."""
    context = TaskRunContext.get()
    return None if context is None else str(context.record.id)


def get_tags() -> list[str]:
    """The tags of the task run."""
    context = TaskRunContext.get()
    return [] if context is None else list(context.record.identity.tags)


def get_run_count() -> int:
    """Which attempt this is, from 1; 0 outside of task runs."""
    context = TaskRunContext.get()
    return 0 if context is None else context.record.run_count


def get_name() -> str | None:
    """The name of the task run."""
    context = TaskRunContext.get()
    return None if context is None else context.record.name


def get_task_name() -> str | None:
    """The name of the task."""
    context = TaskRunContext.get()
    return None if context is None else context.task.name


def get_parameters() -> dict[str, Any]:
    """What the task was called with."""
    context = TaskRunContext.get()
    return {} if context is None else dict(context.parameters)


def get_task_run_api_url() -> str | None:
    """Where the API has the task run."""
    context = TaskRunContext.get()
    return None if context is None else f"{_api_url()}/task_runs/{context.record.id}"


def get_task_run_ui_url() -> str | None:
    """Where the pages show the task run."""
    context = TaskRunContext.get()
    return None if context is None else task_run_url(ui_url_of(_api_url()), context.record.id)


def _api_url() -> str:
    from windlass.engine.process import current_session  # noqa: PLC0415 (most facts need no server)

    return current_session().orchestration.api_url


_FACTS: Final[Mapping[str, tuple[type, Callable[[], Any]]]] = {
    "id": (str, get_id),
    "tags": (list, get_tags),
    "run_count": (int, get_run_count),
    "name": (str, get_name),
    "task_name": (str, get_task_name),
    "parameters": (dict, get_parameters),
    "task_run_api_url": (str, get_task_run_api_url),
    "task_run_ui_url": (str, get_task_run_ui_url),
}


def __getattr__(name: str) -> Any:
    return fact("task_run", name, _FACTS)


def __dir__() -> list[str]:
    return sorted(_FACTS)
