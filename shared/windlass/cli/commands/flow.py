"""`windlass flow`: list flows, and serve one from a file."""

from typing import Unpack

import click

from windlass.cli.console import output_option, print_json, print_rows
from windlass.cli.moments import tell_moment
from windlass.cli.paging import first
from windlass.cli.schedule_options import When, schedule_from, schedule_options
from windlass.client.orchestration import get_client
from windlass.clock import utc_now
from windlass.schemas.filters.queries import FlowQuery
from windlass.schemas.filters.sorting import FlowSort


@click.group()
def flow() -> None:
    """List and serve flows."""


@flow.command()
@click.option("--limit", type=click.IntRange(1), default=15, show_default=True)
@output_option
def ls(limit: int, output: str | None) -> None:
    """List flows, the newest first."""
    with get_client(sync_client=True) as client:
        flows = first(
            limit,
            lambda offset, size: client.read_flows(
                FlowQuery(sort=FlowSort.CREATED_DESC, offset=offset, limit=size)
            ),
        )
    if output:
        print_json(flows)
        return
    now = utc_now()
    rows = ((str(one.id), one.name, tell_moment(one.created, now)) for one in flows)
    print_rows("Flows", ("ID", "Name", "Created"), rows)


class _Said(When):
    description: str | None
    version: str | None
    tags: tuple[str, ...]
    global_limit: int | None


@flow.command()
@click.argument("entrypoint", metavar="PATH/TO/FILE.py:FLOW")
@click.option("--name", "-n", required=True, help="The name of the deployment.")
@click.option("--description", "-d", help="By default that of the flow.")
@click.option("--version", "-v", help="By default that of the flow.")
@click.option("--tag", "-t", "tags", multiple=True, help="A tag, of its runs too. Repeatable.")
@schedule_options
@click.option(
    "--pause-on-shutdown/--no-pause-on-shutdown",
    default=True,
    show_default=True,
    help="Whether the schedule is paused at the end.",
)
@click.option("--limit", type=click.IntRange(1), help="Runs at once in this process.")
@click.option("--global-limit", type=click.IntRange(1), help="Runs at once, wherever it is served.")
def serve(
    entrypoint: str, name: str, pause_on_shutdown: bool, limit: int | None, **said: Unpack[_Said]
) -> None:
    """Serve a flow: take the runs of its deployment, until it is stopped."""
    # What runs flows takes a while to import, and `ls` does not need it.
    from windlass.deployments.runner import RunnerDeployment  # noqa: PLC0415
    from windlass.runner.serving import serve as serve_deployments  # noqa: PLC0415

    deployment = RunnerDeployment.from_entrypoint(
        entrypoint,
        name,
        description=said["description"],
        version=said["version"],
        tags=list(said["tags"]),
        schedule=schedule_from(said),
        concurrency_limit=said["global_limit"],
    )
    serve_deployments(deployment, pause_on_shutdown=pause_on_shutdown, limit=limit)
