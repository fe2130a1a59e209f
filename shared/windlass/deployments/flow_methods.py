"""The methods of flows that are about their deployments; `windlass.flows` calls these."""

from pathlib import Path
from typing import Any, Unpack, cast
from uuid import UUID

from windlass.deployments.deploying import adeploy
from windlass.deployments.options import (
    DeployFlowOptions,
    DeploymentOptions,
    DeployOptions,
    ServeFlowOptions,
    ServeOptions,
)
from windlass.deployments.runner import RunnerDeployment
from windlass.deployments.sources import load_from_source
from windlass.dispatch import dispatched
from windlass.runner.serving import serve


async def afrom_source(source: str | Path, entrypoint: str) -> Any:
    """`Flow.afrom_source`. See `windlass.deployments.sources.load_from_source`."""
    return load_from_source(source, entrypoint)


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


def serve_flow(flow: Any, name: str | None = None, **options: Unpack[ServeFlowOptions]) -> None:
    """`Flow.serve`. See `windlass.serve`."""
    said = dict(options)
    if (limit := said.pop("global_limit", None)) is not None:
        said["concurrency_limit"] = limit
    how = {key: said.pop(key) for key in ServeOptions.__annotations__ if key in said}
    made = RunnerDeployment.from_flow(flow, name or flow.name, **cast(DeploymentOptions, said))
    serve(made, **cast(ServeOptions, how))


from_source = dispatched(afrom_source)
to_deployment = dispatched(ato_deployment)
deploy_flow = dispatched(adeploy_flow)
