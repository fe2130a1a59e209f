"""The methods of flows that are about their deployments; `windlass.flows` calls these."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack, cast
from uuid import UUID

from windlass.deployments.deploying import adeploy
from windlass.deployments.options import DeployFlowOptions, DeploymentOptions, DeployOptions
from windlass.deployments.runner import RunnerDeployment
from windlass.deployments.sources import load_from_source
from windlass.dispatch import dispatched

if TYPE_CHECKING:
    from windlass.deployments.storage import RunnerStorage


async def afrom_source(source: "str | Path | RunnerStorage", entrypoint: str) -> Any:
    """`Flow.afrom_source`. See `windlass.deployments.sources.load_from_source`."""
    return await load_from_source(source, entrypoint)


async def ato_deployment(
    flow: Any, name: str, **options: Unpack[DeploymentOptions]
) -> RunnerDeployment:
    """`Flow.ato_deployment`."""
    return RunnerDeployment.from_flow(flow, name, **options)


async def adeploy_flow(flow: Any, name: str, **options: Unpack[DeployFlowOptions]) -> UUID:
    """`Flow.adeploy`: the id of the deployment. See `windlass.deployments.deploy`."""
    how = {key: value for key, value in options.items() if key in DeployOptions.__annotations__}
    rest = {key: value for key, value in options.items() if key not in how}
    made = RunnerDeployment.from_flow(flow, name, **cast(DeploymentOptions, rest))
    (id,) = await adeploy(made, **cast(DeployOptions, how))
    return id


from_source = dispatched(afrom_source)
to_deployment = dispatched(ato_deployment)
deploy_flow = dispatched(adeploy_flow)
