"""Public: registering deployments for the workers of a pool."""

import sys
from collections.abc import Iterable
from typing import Final, Unpack
from uuid import UUID

from windlass.client.orchestration import WindlassClient, get_client
from windlass.deployments.options import DeployOptions
from windlass.deployments.runner import RunnerDeployment
from windlass.dispatch import dispatched
from windlass.exceptions import ConfigurationError
from windlass.schemas.work_pools import WorkPool, WorkPoolStatus
from windlass.settings import get_current_settings

_SEES_THIS_MACHINE: Final = frozenset({"process", "scripted"})


async def adeploy(*deployments: RunnerDeployment, **options: Unpack[DeployOptions]) -> list[UUID]:
    """Register deployments, each for its own work pool or for the one of the options.

    Returns their ids. Raises ConfigurationError, ObjectNotFound for a pool that is not there, and
    RequestInvalid.
    """
    image = options.get("image")
    if image is not None and options.get("build", True):
        raise ConfigurationError(
            f"The image {image!r} cannot be built from here: build and push it yourself, and pass"
            " `build=False`."
        )
    default = options.get("work_pool_name")
    default = default or get_current_settings().deployments.default_work_pool_name
    async with get_client() as client:
        pools = await _pools(client, deployments, default)
        for deployment in deployments:
            fetched = deployment.pull_steps or deployment.source.storage
            brought = image or fetched or "image" in deployment.job_variables
            if not (brought or options.get("ignore_warnings")):
                _refuse_without_code(deployment, pools[deployment.work_pool_name or default or ""])
        ids = [
            await deployment.register(client, work_pool_name=default, image=image)
            for deployment in deployments
        ]
    if options.get("print_next_steps_message", True):
        sys.stdout.write(next_steps([each.full_name for each in deployments], pools.values()))
    return ids


deploy = dispatched(adeploy)


def next_steps(full_names: Iterable[str], pools: Iterable[WorkPool]) -> str:
    """What to do after deploying, for the person who did."""
    lines = ["Deployed. Run it with:", ""]
    lines += [f"    windlass deployment run '{name}'" for name in full_names]
    for pool in pools:
        if pool.status is WorkPoolStatus.NOT_READY:
            lines += ["", f"No worker is online for work pool {pool.name!r}. Start one with:", ""]
            lines += [f"    windlass worker start --pool '{pool.name}'"]
        if pool.status is WorkPoolStatus.PAUSED:
            lines += ["", f"Work pool {pool.name!r} is paused. Resume it with:", ""]
            lines += [f"    windlass work-pool resume '{pool.name}'"]
    return "\n".join([*lines, "", ""])


async def _pools(
    client: WindlassClient, deployments: Iterable[RunnerDeployment], default: str | None
) -> dict[str, WorkPool]:
    pools: dict[str, WorkPool] = {}
    for deployment in deployments:
        name = deployment.work_pool_name or default
        if name is None:
            raise ConfigurationError(
                f"Deployment {deployment.full_name!r} has no work pool: name one, or set"
                " WINDLASS_DEFAULT_WORK_POOL_NAME. To run it in this process, use `serve`."
            )
        pools[name] = pools.get(name) or await client.read_work_pool(name)
    return pools


def _refuse_without_code(deployment: RunnerDeployment, pool: WorkPool) -> None:
    if pool.type not in _SEES_THIS_MACHINE:
        raise ConfigurationError(
            f"Work pool {pool.name!r} is of type {pool.type!r}, whose runs do not see the files of"
            f" this machine, and {deployment.full_name!r} is a file of it. Name the `image` that"
            " has its code, with `build=False`."
        )
