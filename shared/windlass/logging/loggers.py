"""Public: the loggers of runs."""

import io
import logging
from collections.abc import Generator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias

from windlass.context import FlowRunContext, RunScope, TaskRunContext, current_scope
from windlass.exceptions import MissingContextError

if TYPE_CHECKING:
    from windlass.reporting.records import TaskRunRecord
    from windlass.schemas.flow_runs import FlowRun
    from windlass.schemas.task_runs import TaskRun

FLOW_RUNS: Final = "windlass.flow_runs"
TASK_RUNS: Final = "windlass.task_runs"

_Extra: TypeAlias = Mapping[str, Any]


class WindlassLogAdapter(logging.LoggerAdapter[logging.Logger]):
    """A logger that says which run its lines belong to.

    What `extra` of one line says counts on top of what the adapter says.
    """

    def __init__(self, logger: logging.Logger, extra: _Extra) -> None:
        super().__init__(logger, dict(extra))

    def process(
        self, msg: Any, kwargs: MutableMapping[str, Any]
    ) -> tuple[Any, MutableMapping[str, Any]]:
        return msg, {**kwargs, "extra": {**(self.extra or {}), **(kwargs.get("extra") or {})}}

    def getChild(self, suffix: str, extra: _Extra | None = None) -> Self:
        """The same for the logger named `<this one>.<suffix>`."""
        return type(self)(self.logger.getChild(suffix), {**(self.extra or {}), **(extra or {})})


def get_logger(name: str | None = None) -> logging.Logger:
    """The logger `windlass`, or `windlass.<name>`: its lines go to the console, not to the API."""
    if name is None or name == "windlass":
        return logging.getLogger("windlass")
    return logging.getLogger(name if name.startswith("windlass.") else f"windlass.{name}")


def get_run_logger(
    context: FlowRunContext | TaskRunContext | None = None, **kwargs: Any
) -> WindlassLogAdapter | logging.Logger:
    """The logger of the task run or flow run that is active here, or of `context`.

    `kwargs` are attached to its lines. Raises MissingContextError outside of runs.
    """
    scope = current_scope()
    match context:
        case TaskRunContext():
            scope = RunScope(scope.flow, context)
        case FlowRunContext():
            scope = RunScope(context)
        case None:
            pass
    if scope == (None, None):
        return _logger_outside_of_runs()
    return logger_of(scope, **kwargs)


def logger_of(scope: RunScope, **extra: Any) -> WindlassLogAdapter:
    """The logger of the innermost run of `scope`, which has one."""
    flow, task = scope
    about_flow: _Extra = {}
    if flow is not None:
        about_flow = _about_flow_run(flow.flow_run, flow.flow.name)
    if task is None:
        return WindlassLogAdapter(logging.getLogger(FLOW_RUNS), {**about_flow, **extra})
    about_task = _about_task_run(task.record, task.task.name)
    return WindlassLogAdapter(logging.getLogger(TASK_RUNS), {**about_flow, **about_task, **extra})


def flow_run_logger(flow_run: "FlowRun", flow: Any = None, **kwargs: Any) -> WindlassLogAdapter:
    """The logger of `flow_run`; `kwargs` are attached to its lines."""
    about = _about_flow_run(flow_run, getattr(flow, "name", None))
    return WindlassLogAdapter(logging.getLogger(FLOW_RUNS), {**about, **kwargs})


def task_run_logger(
    task_run: "TaskRun", task: Any = None, flow_run: "FlowRun | None" = None, **kwargs: Any
) -> WindlassLogAdapter:
    """The logger of `task_run`; `kwargs` are attached to its lines."""
    context = FlowRunContext.get()
    if flow_run is None and context is not None:
        flow_run = context.flow_run
    about_flow: _Extra = {"flow_run_id": _text(task_run.flow_run_id)}
    if flow_run is not None:
        about_flow = _about_flow_run(flow_run, context and context.flow.name)
    about_task = _about_task_run(task_run, getattr(task, "name", None))
    return WindlassLogAdapter(logging.getLogger(TASK_RUNS), {**about_flow, **about_task, **kwargs})


@contextmanager
def disable_logger(name: str) -> Generator[None]:
    """Silence the logger `name` in the block."""
    logger = logging.getLogger(name)
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


@contextmanager
def disable_run_logger() -> Generator[None]:
    """Silence the loggers of runs in the block, where `get_run_logger` then works without a run."""
    with disable_logger(FLOW_RUNS), disable_logger(TASK_RUNS):
        yield


class LogEavesdropper(logging.Handler):
    """Collects what the logger `name` and its children log in a `with` block; `text()` has it."""

    def __init__(self, name: str, level: int = logging.NOTSET) -> None:
        super().__init__(level)
        self._logger = logging.getLogger(name)
        self._lines = io.StringIO()

    def __enter__(self) -> Self:
        self._logger.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._logger.removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line."""
        self._lines.write(f"{self.format(record)}\n")

    def text(self) -> str:
        """Everything so far, one line each."""
        return self._lines.getvalue()


def _logger_outside_of_runs() -> logging.Logger:
    logger = logging.getLogger(FLOW_RUNS)
    if not logger.disabled:
        raise MissingContextError(
            "`get_run_logger` needs an active run: call it inside of a flow or a task, use "
            "`get_logger` instead, or wrap a test in `disable_run_logger`."
        )
    return logger


def _about_flow_run(flow_run: "FlowRun", flow_name: str | None) -> dict[str, Any]:
    return {
        "flow_run_id": str(flow_run.id),
        "flow_run_name": flow_run.name,
        "flow_name": flow_name or "<unknown>",
    }


def _about_task_run(task_run: "TaskRun | TaskRunRecord", task_name: str | None) -> dict[str, Any]:
    return {
        "task_run_id": str(task_run.id),
        "task_run_name": task_run.name,
        "task_name": task_name or "<unknown>",
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)
