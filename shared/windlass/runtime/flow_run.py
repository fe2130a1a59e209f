"""Public: facts about the flow run that code is a part of."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from windlass.clock import utc_now
from windlass.context import FlowRunContext
from windlass.runtime.mocks import fact
from windlass.settings import handed_over
from windlass.utilities.urls import flow_run_url, ui_url_of

if TYPE_CHECKING:
    from windlass.engine.ports import Orchestration
    from windlass.schemas.flow_runs import FlowRun

    id: str | None
    tags: list[str]
    run_count: int
    name: str | None
    flow_name: str | None
    flow_version: str | None
    scheduled_start_time: datetime
    parameters: dict[str, Any]
    parent_flow_run_id: str | None
    parent_deployment_id: str | None
    root_flow_run_id: str | None
    flow_run_api_url: str | None
    flow_run_ui_url: str | None
    job_variables: dict[str, Any] | None


def get_id() -> str | None:
    """The id of the flow run."""
    context = FlowRunContext.get()
    return handed_over("FLOW_RUN_ID") if context is None else str(context.flow_run.id)


def get_tags() -> list[str]:
    """The tags of the flow run."""
    run = _run()
    return [] if run is None else list(run.tags)


def get_run_count() -> int:
    """Which attempt this is, from 1; 0 outside of flow runs."""
    run = _run()
    return 0 if run is None else run.run_count


def get_name() -> str | None:
    """The name of the flow run."""
    run = _run()
    return None if run is None else run.name


def get_flow_name() -> str | None:
    """The name of the flow."""
    context = FlowRunContext.get()
    return None if context is None else context.flow.name


def get_flow_version() -> str | None:
    """The version of the flow."""
    context = FlowRunContext.get()
    return None if context is None else context.flow.version


def get_scheduled_start_time() -> datetime:
    """When the flow run was to start; now, if nobody said."""
    run = _run()
    return (run and run.expected_start_time) or utc_now()


def get_parameters() -> dict[str, Any]:
    """The parameters of the flow run."""
    context = FlowRunContext.get()
    if context is not None:
        return dict(context.parameters)
    run = _run()
    return {} if run is None else dict(run.parameters)


def get_parent_flow_run_id() -> str | None:
    """The flow run that called or triggered this one."""
    run = _run()
    parent = None if run is None else _parent_id(run)
    return None if parent is None else str(parent)


def get_parent_deployment_id() -> str | None:
    """The deployment of the flow run that called or triggered this one."""
    run = _run()
    parent = None if run is None else _parent_id(run)
    if parent is None:
        return None
    deployment_id = _orchestration().read_flow_run(parent).deployment_id
    return None if deployment_id is None else str(deployment_id)


def get_root_flow_run_id() -> str | None:
    """The first flow run of the chain of those that called or triggered this one; or this one."""
    run = _run()
    if run is None:
        return None
    while (parent := _parent_id(run)) is not None:
        run = _orchestration().read_flow_run(parent)
    return str(run.id)


def get_flow_run_api_url() -> str | None:
    """Where the API has the flow run."""
    run_id = get_id()
    return run_id and f"{_orchestration().api_url}/flow_runs/{run_id}"


def get_flow_run_ui_url() -> str | None:
    """Where the pages show the flow run."""
    run_id = get_id()
    return run_id and flow_run_url(ui_url_of(_orchestration().api_url), UUID(run_id))


def get_job_variables() -> dict[str, Any] | None:
    """The variables of the job that runs the flow run."""
    run = _run()
    return None if run is None else run.job_variables


def _run() -> "FlowRun | None":
    context = FlowRunContext.get()
    if context is not None:
        return context.flow_run
    run_id = handed_over("FLOW_RUN_ID")
    return None if run_id is None else _orchestration().read_flow_run(UUID(run_id))


def _parent_id(run: "FlowRun") -> UUID | None:
    context = FlowRunContext.get()
    while context is not None:
        if context.flow_run.id == run.id and context.parent is not None:
            return context.parent.flow_run.id
        context = context.parent
    if run.parent_task_run_id is None:
        return None
    return _orchestration().read_task_run(run.parent_task_run_id).flow_run_id


def _orchestration() -> "Orchestration":
    from windlass.engine.process import current_session  # noqa: PLC0415 (most facts need no server)

    return current_session().orchestration


_FACTS: Final[Mapping[str, tuple[type, Callable[[], Any]]]] = {
    "id": (str, get_id),
    "tags": (list, get_tags),
    "run_count": (int, get_run_count),
    "name": (str, get_name),
    "flow_name": (str, get_flow_name),
    "flow_version": (str, get_flow_version),
    "scheduled_start_time": (datetime, get_scheduled_start_time),
    "parameters": (dict, get_parameters),
    "parent_flow_run_id": (str, get_parent_flow_run_id),
    "parent_deployment_id": (str, get_parent_deployment_id),
    "root_flow_run_id": (str, get_root_flow_run_id),
    "flow_run_api_url": (str, get_flow_run_api_url),
    "flow_run_ui_url": (str, get_flow_run_ui_url),
    "job_variables": (dict, get_job_variables),
}


def __getattr__(name: str) -> Any:
    return fact("flow_run", name, _FACTS)


def __dir__() -> list[str]:
    return sorted(_FACTS)
