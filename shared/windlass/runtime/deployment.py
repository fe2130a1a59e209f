"""Public: facts about the deployment whose run code is a part of."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from windlass.context import FlowRunContext
from windlass.runtime.mocks import fact

if TYPE_CHECKING:
    from windlass.schemas.deployments import Deployment

    id: str | None
    name: str | None
    version: str | None
    flow_run_id: str | None
    parameters: dict[str, Any]


def get_id() -> str | None:
    """The id of the deployment."""
    context = _context()
    return None if context is None else str(context.flow_run.deployment_id)


def get_name() -> str | None:
    """The name of the deployment."""
    deployment = _deployment()
    return None if deployment is None else deployment.name


def get_version() -> str | None:
    """The version of the deployment."""
    deployment = _deployment()
    return None if deployment is None else deployment.version


def get_flow_run_id() -> str | None:
    """The flow run of the deployment."""
    context = _context()
    return None if context is None else str(context.flow_run.id)


def get_parameters() -> dict[str, Any]:
    """The parameters that the deployment or the request for the run gave, without defaults."""
    context = _context()
    return {} if context is None else dict(context.flow_run.parameters)


def _context() -> FlowRunContext | None:
    """The flow run of a deployment that this code is a part of, or is called from."""
    context = FlowRunContext.get()
    while context is not None and context.flow_run.deployment_id is None:
        context = context.parent
    return context


def _deployment() -> "Deployment | None":
    from windlass.engine.process import current_session  # noqa: PLC0415 (most facts need no server)

    context = _context()
    if context is None or context.flow_run.deployment_id is None:
        return None
    return current_session().orchestration.read_deployment(context.flow_run.deployment_id)


_FACTS: Final[Mapping[str, tuple[type, Callable[[], Any]]]] = {
    "id": (str, get_id),
    "name": (str, get_name),
    "version": (str, get_version),
    "flow_run_id": (str, get_flow_run_id),
    "parameters": (dict, get_parameters),
}


def __getattr__(name: str) -> Any:
    return fact("deployment", name, _FACTS)


def __dir__() -> list[str]:
    return sorted(_FACTS)
