"""Public: deployments of flows: what makes one, runs one, and prepares its code."""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from windlass.deployments.deploying import adeploy, deploy
    from windlass.deployments.flow_runs import arun_deployment, run_deployment
    from windlass.deployments.options import ConcurrencyLimitConfig
    from windlass.deployments.runner import RunnerDeployment
    from windlass.schemas.infrastructure_retry import InfrastructureRetry

__all__ = [
    "ConcurrencyLimitConfig",
    "InfrastructureRetry",
    "RunnerDeployment",
    "adeploy",
    "arun_deployment",
    "deploy",
    "run_deployment",
]

_PLACES: Final = {
    "ConcurrencyLimitConfig": "windlass.deployments.options",
    "InfrastructureRetry": "windlass.schemas.infrastructure_retry",
    "RunnerDeployment": "windlass.deployments.runner",
    "adeploy": "windlass.deployments.deploying",
    "arun_deployment": "windlass.deployments.flow_runs",
    "deploy": "windlass.deployments.deploying",
    "run_deployment": "windlass.deployments.flow_runs",
}

if not TYPE_CHECKING:  # a run that only needs a step of its deployment loads nothing of this

    def __getattr__(name: str) -> Any:
        if name not in _PLACES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_PLACES[name]), name)
