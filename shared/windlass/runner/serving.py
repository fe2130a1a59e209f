"""Public: serving deployments from this process, until it is stopped."""

import logging
import sys
from collections.abc import Sequence
from typing import Any, Final, Unpack, cast

import anyio

from windlass.deployments.options import DeploymentOptions, ServeFlowOptions, ServeOptions
from windlass.deployments.runner import RunnerDeployment
from windlass.exceptions import ConfigurationError
from windlass.runner.runner import Runner

_LOG_FORMAT: Final = "%(asctime)s.%(msecs)03d | %(levelname)-7s | %(name)s - %(message)s"


async def aserve(*deployments: RunnerDeployment, **options: Unpack[ServeOptions]) -> None:
    """Register deployments and take their runs, until SIGINT or SIGTERM."""
    if not deployments:
        raise ConfigurationError("There is nothing to serve: give deployments.")
    runner = Runner(
        pause_on_shutdown=options.get("pause_on_shutdown", True),
        limit=options.get("limit"),
        webserver=options.get("webserver"),
    )
    for deployment in deployments:
        await runner.aadd_deployment(deployment)
    if options.get("print_starting_message", True):
        sys.stdout.write(_starting_message(deployments))
        sys.stdout.flush()
    await runner.start()


def serve(*deployments: RunnerDeployment, **options: Unpack[ServeOptions]) -> None:
    """`aserve` for synchronous code. Raises RuntimeError in a running event loop."""
    _show_progress()
    anyio.run(_aserve, deployments, options)


def serve_flow(flow: Any, name: str | None = None, **options: Unpack[ServeFlowOptions]) -> None:
    """`Flow.serve`: one flow, by default under its own name."""
    said = dict(options)
    if (limit := said.pop("global_limit", None)) is not None:
        said["concurrency_limit"] = limit
    how = {key: said.pop(key) for key in ServeOptions.__annotations__ if key in said}
    made = RunnerDeployment.from_flow(flow, name or flow.name, **cast(DeploymentOptions, said))
    serve(made, **cast(ServeOptions, how))


async def _aserve(deployments: Sequence[RunnerDeployment], options: ServeOptions) -> None:
    await aserve(*deployments, **options)


def _starting_message(deployments: Sequence[RunnerDeployment]) -> str:
    lines = [f"Serving {', '.join(each.full_name for each in deployments)} (Ctrl+C stops it)."]
    lines += ["Make a run with:", ""]
    lines += [f"    windlass deployment run '{each.full_name}'" for each in deployments]
    return "\n".join([*lines, "", ""])


def _show_progress() -> None:
    """What the runner does, on the terminal, unless the program has its own logging."""
    logging.basicConfig(format=_LOG_FORMAT, datefmt="%H:%M:%S")
    logging.getLogger("windlass.runner").setLevel(logging.INFO)
