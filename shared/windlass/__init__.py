"""Public: workflows as Python functions. Every name here is imported when it is used first."""

import importlib
from typing import TYPE_CHECKING, Any, Final

from windlass._version import __version__
from windlass.utilities.quick_imports import quick_imports

if TYPE_CHECKING:
    from windlass import runtime
    from windlass.client.orchestration import get_client
    from windlass.context import tags
    from windlass.deployments.deploying import deploy
    from windlass.flow_runs import pause_flow_run, resume_flow_run, suspend_flow_run
    from windlass.flows import Flow, flow
    from windlass.logging import get_run_logger
    from windlass.runner.runner import Runner
    from windlass.runner.serving import aserve, serve
    from windlass.schemas.states import State
    from windlass.tasks import Task, task
    from windlass.utilities.annotations import allow_failure, unmapped

__all__ = [
    "Flow",
    "Runner",
    "State",
    "Task",
    "__version__",
    "allow_failure",
    "aserve",
    "deploy",
    "flow",
    "get_client",
    "get_run_logger",
    "pause_flow_run",
    "resume_flow_run",
    "runtime",
    "serve",
    "suspend_flow_run",
    "tags",
    "task",
    "unmapped",
]

_PLACES: Final = {
    "Flow": "windlass.flows",
    "Runner": "windlass.runner.runner",
    "State": "windlass.schemas.states",
    "Task": "windlass.tasks",
    "allow_failure": "windlass.utilities.annotations",
    "aserve": "windlass.runner.serving",
    "deploy": "windlass.deployments.deploying",
    "flow": "windlass.flows",
    "get_client": "windlass.client.orchestration",
    "get_run_logger": "windlass.logging",
    "pause_flow_run": "windlass.flow_runs",
    "resume_flow_run": "windlass.flow_runs",
    "serve": "windlass.runner.serving",
    "suspend_flow_run": "windlass.flow_runs",
    "tags": "windlass.context",
    "task": "windlass.tasks",
    "unmapped": "windlass.utilities.annotations",
}


def __getattr__(name: str) -> Any:
    if name == "runtime":
        return importlib.import_module("windlass.runtime")
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with quick_imports():
        found = getattr(importlib.import_module(_PLACES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
