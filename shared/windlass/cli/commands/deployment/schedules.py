"""`windlass deployment schedule`: when a deployment runs by itself."""

from itertools import islice
from typing import Unpack
from uuid import UUID

import click

from windlass.cli.asking import confirm
from windlass.cli.console import Cell, fail, output_option, print_json, print_rows, say
from windlass.cli.deployments import (
    all_deployments,
    describe_schedule,
    find_deployment,
    full_names,
)
from windlass.cli.moments import tell_moment
from windlass.cli.schedule_options import When, schedule_from, schedule_options
from windlass.client.orchestration import SyncWindlassClient, get_client
from windlass.clock import utc_now
from windlass.deployments.options import create_schedule
from windlass.schemas.deployment_schedules import DeploymentSchedule, DeploymentScheduleUpdate
from windlass.schemas.deployments import Deployment

yes_option = click.option("--accept-yes", "-y", "yes", is_flag=True, help="Do not ask.")


@click.group()
def schedule() -> None:
    """Manage the schedules of deployments."""


@schedule.command()
@click.argument("name")
@schedule_options
@click.option(
    "--day_or",
    type=bool,
    default=True,
    show_default=True,
    help="Whether cron takes either of day of month and day of week, or both.",
)
@click.option("--active/--inactive", default=True, help="Whether it makes runs.")
@click.option("--replace", is_flag=True, help="In place of the schedules that there are.")
@yes_option
def create(
    name: str, day_or: bool, active: bool, replace: bool, yes: bool, **when: Unpack[When]
) -> None:
    """Add a schedule to the deployment FLOW/DEPLOYMENT."""
    said = schedule_from(when, day_or=day_or, active=active)
    if said is None:
        raise click.UsageError("Say when it runs: --interval, --cron or --rrule.")
    wanted = create_schedule(said)
    with get_client(sync_client=True) as client:
        deployment = find_deployment(client, name)
        before = deployment.schedules if replace else []
        if before:
            confirm(f"Replace {len(before)} schedule(s) of {name!r}?", yes=yes)
        (made,) = client.create_deployment_schedules(deployment.id, [wanted])
        for old in before:
            if old.id != made.id:
                client.delete_deployment_schedule(deployment.id, old.id)
    say(f"Made schedule {made.id} of {name!r}: {describe_schedule(made.schedule)}.")


@schedule.command()
@click.argument("name")
@output_option
def ls(name: str, output: str | None) -> None:
    """List the schedules of the deployment FLOW/DEPLOYMENT."""
    with get_client(sync_client=True) as client:
        found = find_deployment(client, name).schedules
    if output:
        print_json(found)
        return
    columns = ("ID", "Schedule", "Active", "Next", "Slug")
    print_rows(f"Schedules of {name}", columns, map(_cells, found))


@schedule.command()
@click.argument("name")
@click.argument("schedule_id", type=click.UUID)
@yes_option
def delete(name: str, schedule_id: UUID, yes: bool) -> None:
    """Delete a schedule of the deployment FLOW/DEPLOYMENT."""
    with get_client(sync_client=True) as client:
        deployment = find_deployment(client, name)
        found = _schedule(deployment, name, schedule_id)
        confirm(f"Delete schedule {describe_schedule(found.schedule)!r} of {name!r}?", yes=yes)
        client.delete_deployment_schedule(deployment.id, schedule_id)
    say(f"Deleted schedule {schedule_id} of {name!r}.")


@schedule.command()
@click.argument("name")
@yes_option
def clear(name: str, yes: bool) -> None:
    """Delete all schedules of the deployment FLOW/DEPLOYMENT."""
    with get_client(sync_client=True) as client:
        deployment = find_deployment(client, name)
        confirm(f"Delete {len(deployment.schedules)} schedule(s) of {name!r}?", yes=yes)
        for each in deployment.schedules:
            client.delete_deployment_schedule(deployment.id, each.id)
    say(f"Deleted {len(deployment.schedules)} schedule(s) of {name!r}.")


@schedule.command()
@click.argument("name", required=False)
@click.argument("schedule_id", type=click.UUID, required=False)
@click.option("--all", "every_one", is_flag=True, help="All schedules of all deployments.")
def pause(name: str | None, schedule_id: UUID | None, every_one: bool) -> None:
    """Let a schedule make no more runs."""
    _set_active(name, schedule_id, every_one, active=False)


@schedule.command()
@click.argument("name", required=False)
@click.argument("schedule_id", type=click.UUID, required=False)
@click.option("--all", "every_one", is_flag=True, help="All schedules of all deployments.")
def resume(name: str | None, schedule_id: UUID | None, every_one: bool) -> None:
    """Let a schedule make runs again."""
    _set_active(name, schedule_id, every_one, active=True)


def _set_active(
    name: str | None, schedule_id: UUID | None, every_one: bool, *, active: bool
) -> None:
    did = "Resumed" if active else "Paused"
    with get_client(sync_client=True) as client:
        if every_one:
            if name is not None:
                raise click.UsageError("Give a deployment and a schedule, or --all.")
            count = _set_all_active(client, active=active)
            say(f"{did} {count} deployment schedule(s).")
            return
        if name is None or schedule_id is None:
            raise click.UsageError("Give FLOW/DEPLOYMENT and SCHEDULE_ID, or --all.")
        deployment = find_deployment(client, name)
        _schedule(deployment, name, schedule_id)
        _update(client, deployment, schedule_id, active=active)
    say(f"{did} schedule {schedule_id} of {name!r}.")


def _set_all_active(client: SyncWindlassClient, *, active: bool) -> int:
    deployments = all_deployments(client)
    names = full_names(client, deployments)
    todo = [
        (deployment, each)
        for deployment in deployments
        for each in deployment.schedules
        if each.active is not active
    ]
    if todo:
        confirm(f"{'Resume' if active else 'Pause'} {len(todo)} deployment schedule(s)?")
    for deployment, each in todo:
        _update(client, deployment, each.id, active=active)
        did = "Resumed" if active else "Paused"
        say(f"{did} schedule for deployment {names[deployment.id]}")
    return len(todo)


def _update(
    client: SyncWindlassClient, deployment: Deployment, schedule_id: UUID, *, active: bool
) -> None:
    update = DeploymentScheduleUpdate(active=active)
    client.update_deployment_schedule(deployment.id, schedule_id, update)


def _schedule(deployment: Deployment, name: str, schedule_id: UUID) -> DeploymentSchedule:
    for each in deployment.schedules:
        if each.id == schedule_id:
            return each
    fail(
        f"Deployment {name!r} has no schedule {schedule_id}.",
        hint=f"`windlass deployment schedule ls {name!r}` shows those that it has.",
    )


def _cells(found: DeploymentSchedule) -> list[str | Cell]:
    now = utc_now()
    following = next(islice(found.schedule.dates(now), 1), None) if found.active else None
    return [
        str(found.id),
        describe_schedule(found.schedule),
        Cell("yes", "green") if found.active else Cell("no", "red"),
        tell_moment(following, now),
        found.slug or "",
    ]
