"""Deployments as commands name and show them."""

from collections.abc import Sequence
from uuid import UUID

import click

from windlass.cli.display import flow_names
from windlass.cli.paging import every
from windlass.client.orchestration import SyncWindlassClient
from windlass.schemas.deployments import Deployment
from windlass.schemas.filters.flows import FlowFilter, FlowFilterName
from windlass.schemas.filters.queries import DeploymentQuery
from windlass.schemas.filters.sorting import DeploymentSort
from windlass.schemas.schedules import CronSchedule, IntervalSchedule, Schedule


def find_deployment(
    client: SyncWindlassClient, name: str | None, id: UUID | None = None
) -> Deployment:
    """The deployment of this name or id: exactly one of them is given."""
    if (name is None) == (id is None):
        raise click.UsageError("Give the deployment as FLOW/DEPLOYMENT or with --id.")
    if name is None:
        assert id is not None
        return client.read_deployment(id)
    check_full_name(name)
    return client.read_deployment_by_name(name)


def check_full_name(name: str) -> None:
    """A usage error unless it is `FLOW/DEPLOYMENT`."""
    flow, slash, deployment = name.partition("/")
    if not (flow and slash and deployment):
        raise click.UsageError(f"{name!r} is not of the form FLOW/DEPLOYMENT.")


def all_deployments(
    client: SyncWindlassClient,
    flows: Sequence[str] = (),
    sort: DeploymentSort = DeploymentSort.NAME_ASC,
) -> list[Deployment]:
    """Every deployment, or those of some flows."""
    query = DeploymentQuery(
        flows=FlowFilter(name=FlowFilterName(any_=list(flows))) if flows else None, sort=sort
    )
    return list(
        every(
            lambda offset, limit: client.read_deployments(
                query.model_copy(update={"offset": offset, "limit": limit})
            )
        )
    )


def full_names(client: SyncWindlassClient, deployments: Sequence[Deployment]) -> dict[UUID, str]:
    """`FLOW/DEPLOYMENT` by the id of the deployment."""
    flows = flow_names(client, (deployment.flow_id for deployment in deployments))
    return {each.id: f"{flows.get(each.flow_id, '?')}/{each.name}" for each in deployments}


def describe_schedule(schedule: Schedule) -> str:
    """A schedule in a few words: `every 1:00:00`, `cron 0 9 * * * (Europe/Berlin)`."""
    zone = f" ({schedule.timezone})" if schedule.timezone else ""
    if isinstance(schedule, IntervalSchedule):
        return f"every {schedule.interval}{zone}"
    if isinstance(schedule, CronSchedule):
        return f"cron {schedule.cron}{zone}"
    return f"rrule {schedule.rrule}{zone}"
