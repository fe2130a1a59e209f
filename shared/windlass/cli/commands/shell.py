"""`windlass shell`: run a command of the shell as a flow, once or whenever its deployment says."""

import asyncio
from pathlib import Path
from typing import TypedDict, Unpack

import click

from windlass.cli.console import fail
from windlass.cli.schedule_options import When, schedule_from


@click.group()
def shell() -> None:
    """Run commands of the shell as flows."""


@shell.command()
@click.argument("command")
@click.option(
    "--log-output/--no-log-output",
    default=True,
    show_default=True,
    help="Log what it prints with the run.",
)
@click.option("--flow-run-name", metavar="NAME", help="By default one that is made up.")
@click.option("--flow-name", metavar="NAME", default="Shell Command", show_default=True)
@click.option(
    "--stream-stdout/--no-stream-stdout",
    default=True,
    show_default=True,
    help="Show what it prints as it comes, or at the end.",
)
@click.option("--tag", "tags", multiple=True, help="A tag of the run. Repeatable.")
def watch(
    command: str,
    log_output: bool,
    flow_run_name: str | None,
    flow_name: str,
    stream_stdout: bool,
    tags: tuple[str, ...],
) -> None:
    """Run COMMAND as a flow, and wait for its end. Exits with 1 where it fails."""
    # What runs flows takes a while to import, and help does not need it.
    from windlass.cli.shell_command import run_shell_command  # noqa: PLC0415
    from windlass.context import tags as tagged  # noqa: PLC0415

    wanted = run_shell_command.with_options(name=flow_name, flow_run_name=flow_run_name)
    with tagged(*tags):
        state = wanted(command, log_output, stream_stdout, return_state=True)
    if not state.is_completed():
        fail(state.message or f"The run ended as {state.name}.")


class _Said(TypedDict):
    deployment_name: str
    tags: tuple[str, ...]
    stream_stdout: bool
    concurrency_limit: int | None


@shell.command()
@click.argument("command")
@click.option("--flow-name", metavar="NAME", required=True)
@click.option(
    "--deployment-name", metavar="NAME", default="CLI Runner Deployment", show_default=True
)
@click.option("--tag", "tags", multiple=True, help="A tag, of its runs too. Repeatable.")
@click.option(
    "--stream-stdout/--no-stream-stdout",
    default=True,
    show_default=True,
    help="Log what it prints as it comes, or at the end.",
)
@click.option("--cron-schedule", metavar="CRON", help="When it runs, such as `0 9 * * MON-FRI`.")
@click.option("--timezone", help="Of the schedule, such as `America/New_York`.")
@click.option("--concurrency-limit", type=click.IntRange(1), help="Runs at once.")
@click.option("--run-once", is_flag=True, help="Carry out the runs that are due, and end.")
def serve(
    command: str,
    flow_name: str,
    cron_schedule: str | None,
    timezone: str | None,
    run_once: bool,
    **said: Unpack[_Said],
) -> None:
    """Make COMMAND a deployment, and take its runs until this is stopped.

    They run in the working directory of this process.
    """
    if timezone is not None and cron_schedule is None:
        raise click.UsageError("--timezone goes with --cron-schedule.")
    # See `watch`.
    from windlass.cli.shell_command import ENTRYPOINT, run_shell_command  # noqa: PLC0415
    from windlass.deployments.runner import RunnerDeployment  # noqa: PLC0415
    from windlass.deployments.sources import Source  # noqa: PLC0415
    from windlass.runner.runner import Runner  # noqa: PLC0415
    from windlass.runner.serving import serve as serve_deployments  # noqa: PLC0415

    wanted = run_shell_command.with_options(name=flow_name)
    wanted.source = Source(Path.cwd(), ENTRYPOINT)
    deployment = RunnerDeployment.from_flow(
        wanted,
        said["deployment_name"],
        tags=list(said["tags"]),
        parameters={"command": command, "stream_stdout": said["stream_stdout"]},
        schedule=schedule_from(
            When(cron=cron_schedule, timezone=timezone, interval=None, anchor_date=None, rrule=None)
        ),
        concurrency_limit=said["concurrency_limit"],
    )
    if not run_once:
        serve_deployments(deployment)
        return
    runner = Runner(flow_name)
    runner.add_deployment(deployment)
    asyncio.run(runner.start(run_once=True))
