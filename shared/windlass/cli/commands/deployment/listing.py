"""`windlass deployment ls`, `inspect` and `delete`."""

from uuid import UUID

import click

from windlass.cli.asking import confirm
from windlass.cli.console import Cell, output_option, print_details, print_json, print_rows, say
from windlass.cli.deployments import (
    all_deployments,
    describe_schedule,
    find_deployment,
    full_names,
)
from windlass.client.orchestration import get_client
from windlass.schemas.deployments import Deployment, DeploymentStatus
from windlass.schemas.filters.sorting import DeploymentSort


@click.command()
@click.option("--flow-name", "flows", multiple=True, help="Deployments of this flow. Repeatable.")
@click.option("--by-created", is_flag=True, help="The newest first.")
@output_option
def ls(flows: tuple[str, ...], by_created: bool, output: str | None) -> None:
    """List deployments."""
    sort = DeploymentSort.CREATED_DESC if by_created else DeploymentSort.NAME_ASC
    with get_client(sync_client=True) as client:
        deployments = all_deployments(client, flows, sort)
        if output:
            print_json(deployments)
            return
        names = full_names(client, deployments)
    if not by_created:
        deployments.sort(key=lambda each: names[each.id])
    columns = ("Name", "ID", "Work pool", "Status", "Schedules")
    print_rows("Deployments", columns, (_cells(each, names[each.id]) for each in deployments))


@click.command()
@click.argument("name")
@output_option
def inspect(name: str, output: str | None) -> None:
    """Show everything about the deployment FLOW/DEPLOYMENT."""
    with get_client(sync_client=True) as client:
        found = find_deployment(client, name)
    (print_json if output else print_details)(found)


@click.command()
@click.argument("name", required=False)
@click.option("--id", type=click.UUID, help="The deployment, if no name is given.")
@click.option("--all", "every_one", is_flag=True, help="Delete all deployments.")
def delete(name: str | None, id: UUID | None, every_one: bool) -> None:
    """Delete a deployment, with the runs that wait."""
    with get_client(sync_client=True) as client:
        if every_one:
            if name or id:
                raise click.UsageError("Give a deployment or --all, not both.")
            doomed = all_deployments(client)
        else:
            doomed = [find_deployment(client, name, id)]
        names = full_names(client, doomed)
        what = f"all {len(doomed)} deployments" if every_one else repr(names[doomed[0].id])
        confirm(f"Delete {what}?")
        for each in doomed:
            client.delete_deployment(each.id)
            say(f"Deleted deployment {names[each.id]!r}.")


def _cells(deployment: Deployment, name: str) -> list[str | Cell]:
    ready = deployment.status is DeploymentStatus.READY
    status = Cell("READY", "green") if ready else Cell("NOT_READY", "yellow")
    if deployment.paused:
        status = Cell("PAUSED", "bright_black")
    schedules = [describe_schedule(each.schedule) for each in deployment.schedules if each.active]
    return [
        name,
        str(deployment.id),
        deployment.work_pool_name or "",
        status,
        "\n".join(schedules),
    ]
