"""`windlass flow`: list flows, and serve one from a file."""

import click

from windlass.cli.console import output_option, print_json, print_rows
from windlass.cli.moments import tell_moment
from windlass.cli.paging import first
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
