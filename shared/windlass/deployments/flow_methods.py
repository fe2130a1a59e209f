"""The methods of flows that are about their deployments; `windlass.flows` calls these."""

from typing import Any, Unpack
from uuid import UUID

from windlass.deployments.deploying import adeploy
from windlass.deployments.options import DeploymentOptions
from windlass.deployments.runner import RunnerDeployment
from windlass.dispatch import dispatched


def to_deployment(flow: Any, name: str, **options: Unpack[DeploymentOptions]) -> RunnerDeployment:
    """`Flow.to_deployment`."""
    return RunnerDeployment.from_flow(flow, name, **options)


async def adeploy_flow(
    flow: Any,
    name: str,
    *,
    image: str | None = None,
    build: bool = True,
    push: bool = True,
    print_next_steps_message: bool = True,
    ignore_warnings: bool = False,
    **options: Unpack[DeploymentOptions],
) -> UUID:
    """`Flow.adeploy`: the id of the deployment. See `windlass.deployments.deploy`."""
    (id,) = await adeploy(
        RunnerDeployment.from_flow(flow, name, **options),
        image=image,
        build=build,
        push=push,
        print_next_steps_message=print_next_steps_message,
        ignore_warnings=ignore_warnings,
    )
    return id


deploy_flow = dispatched(adeploy_flow)
