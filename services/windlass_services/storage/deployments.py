"""Deployments: made or changed by flow and name, read, listed, paused, deleted."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.exceptions import ObjectNotFound
from windlass.schemas.base import JsonObject
from windlass.schemas.deployments import Deployment
from windlass.schemas.filters.sorting import DeploymentSort
from windlass_services.storage.automations import delete_automations_owned_by
from windlass_services.storage.deletions import Deleted, clear_after
from windlass_services.storage.deployment_schedules import look_again, schedules_of
from windlass_services.storage.filters.criteria import Clause
from windlass_services.storage.filters.query import Filters, deployments_matching
from windlass_services.storage.paging import Window, count_rows, in_window
from windlass_services.storage.rows import readable
from windlass_services.storage.scheduled_runs import remove_auto_scheduled_runs
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import (
    deployment,
    deployment_schedule,
    execution,
    flow,
    flow_run,
    work_pool,
    work_queue,
)

_ORDERS: Final[Mapping[DeploymentSort, tuple[sa.ColumnElement[Any], ...]]] = {
    DeploymentSort.CREATED_DESC: (deployment.c.created.desc(), deployment.c.id.desc()),
    DeploymentSort.UPDATED_DESC: (deployment.c.updated.desc(), deployment.c.id.desc()),
    DeploymentSort.NAME_ASC: (deployment.c.name.asc(), deployment.c.id.asc()),
    DeploymentSort.NAME_DESC: (deployment.c.name.desc(), deployment.c.id.desc()),
}


async def read_deployment(connection: AsyncConnection, scope: Scope, id: UUID) -> Deployment:
    """Raises `ObjectNotFound`."""
    rows, read = await _read(connection, _DEPLOYMENTS.where(is_deployment(scope, id)))
    if not rows:
        raise deployment_not_found(id)
    return read(rows[0])


async def read_deployment_by_name(
    connection: AsyncConnection, scope: Scope, flow_name: str, name: str
) -> Deployment:
    """Raises `ObjectNotFound`."""
    rows, read = await _read(
        connection,
        _DEPLOYMENTS.join(flow, flow.c.id == deployment.c.flow_id).where(
            deployment.c.workspace_id == scope.workspace_id,
            flow.c.name == flow_name,
            deployment.c.name == name,
        ),
    )
    if not rows:
        message = (
            f"There is no deployment named '{flow_name}/{name}'."
            " `windlass deployment ls` shows those that exist."
        )
        raise ObjectNotFound(message)
    return read(rows[0])


async def read_deployments(
    connection: AsyncConnection,
    scope: Scope,
    filters: Filters,
    sort: DeploymentSort,
    window: Window,
) -> list[Deployment]:
    """One window of the deployments that match every filter."""
    rows, read = await _read(
        connection,
        in_window(
            _DEPLOYMENTS.where(deployments_matching(scope, filters)).order_by(*_ORDERS[sort]),
            window,
        ),
    )
    return readable("deployment", rows, read)


async def count_deployments(connection: AsyncConnection, scope: Scope, filters: Filters) -> int:
    """How many deployments match every filter."""
    return await count_rows(connection, deployment, deployments_matching(scope, filters))


async def read_job_variables(
    connection: AsyncConnection, scope: Scope, ids: Collection[UUID]
) -> dict[UUID, JsonObject]:
    """The job variables of those of these deployments that there are."""
    if not ids:
        return {}
    rows = await connection.execute(
        sa.select(deployment.c.id, deployment.c.job_variables).where(
            deployment.c.workspace_id == scope.workspace_id, deployment.c.id.in_(ids)
        )
    )
    return {id: variables for id, variables in rows}


async def set_deployment_paused(
    connection: AsyncConnection, scope: Scope, id: UUID, paused: bool, *, now: datetime
) -> None:
    """Pause a deployment and remove its auto-scheduled runs, or let the scheduler make them again.

    Raises `ObjectNotFound`.
    """
    changed = await connection.execute(
        sa.update(deployment).where(is_deployment(scope, id)).values(paused=paused, updated=now)
    )
    if not changed.rowcount:
        raise deployment_not_found(id)
    await reset_auto_scheduled_runs(connection, id, now=now)


async def reset_auto_scheduled_runs(
    connection: AsyncConnection, id: UUID, *, now: datetime
) -> None:
    """Remove what the schedules made and nobody started; the scheduler makes it again."""
    await remove_auto_scheduled_runs(connection, flow_run.c.deployment_id == id)
    await look_again(connection, deployment_schedule.c.deployment_id == id, now=now)


async def delete_deployment(
    connection: AsyncConnection, scope: Scope, id: UUID, *, now: datetime
) -> None:
    """Delete a deployment with its schedules, its triggers and the runs that wait: of many runs
    some in the background.

    Raises `ObjectNotFound`.
    """
    gone = await connection.execute(sa.delete(deployment).where(is_deployment(scope, id)))
    if not gone.rowcount:
        raise deployment_not_found(id)
    await connection.execute(
        sa.delete(deployment_schedule).where(deployment_schedule.c.deployment_id == id)
    )
    await delete_automations_owned_by(connection, scope, f"prefect.deployment.{id}")
    await clear_after(connection, scope, Deleted.DEPLOYMENT, id, now=now)


def is_deployment(scope: Scope, id: UUID) -> Clause:
    """The row of one deployment of the workspace."""
    return sa.and_(deployment.c.id == id, deployment.c.workspace_id == scope.workspace_id)


def deployment_not_found(id: UUID) -> ObjectNotFound:
    """There is none with this id."""
    return ObjectNotFound(f"There is no deployment with the id {id}.")


_DEPLOYMENTS: Final = (
    sa.select(
        deployment,
        work_pool.c.name.label("work_pool_name"),
        work_queue.c.last_polled.label("queue_last_polled"),
    )
    .select_from(deployment)
    .outerjoin(work_pool, work_pool.c.id == deployment.c.work_pool_id)
    .outerjoin(work_queue, work_queue.c.id == deployment.c.work_queue_id)
)


async def _read(
    connection: AsyncConnection, statement: sa.Select[Any]
) -> tuple[Sequence[sa.RowMapping], Callable[[sa.RowMapping], Deployment]]:
    """The rows of deployments, and what makes the shape of one of them."""
    rows = (await connection.execute(statement)).mappings().all()
    schedules = await schedules_of(connection, [row["id"] for row in rows])
    running = await _live_executions(connection, rows)

    def read(row: sa.RowMapping) -> Deployment:
        return Deployment.model_validate(
            {
                **row,
                "schedules": schedules[row["id"]],
                "parameter_openapi_schema": row["parameter_openapi_schema"] or {},
                "pull_steps": row["pull_steps"] or [],
                # A queue is polled on behalf of all deployments in it; they have no poll of their
                # own, so that polling rewrites no deployment.
                "last_polled": row["queue_last_polled"] or row["last_polled"],
                "global_concurrency_limit": _limit(row, running.get(row["id"], 0)),
            }
        )

    return rows, read


async def _live_executions(
    connection: AsyncConnection, rows: Sequence[sa.RowMapping]
) -> dict[UUID, int]:
    limited = [row["id"] for row in rows if row["concurrency_limit"] is not None]
    if not limited:
        return {}
    counted = await connection.execute(
        sa.select(execution.c.deployment_id, sa.func.count())
        .where(execution.c.deployment_id.in_(limited), execution.c.ended_at.is_(None))
        .group_by(execution.c.deployment_id)
    )
    return {id: count for id, count in counted}


def _limit(row: sa.RowMapping, active_slots: int) -> dict[str, Any] | None:
    """A deployment's own limit, in the shape in which clients look for it."""
    if row["concurrency_limit"] is None:
        return None
    return {
        "id": row["concurrency_limit_id"],
        "created": row["created"],
        "updated": row["updated"],
        "active": True,
        "name": f"deployment:{row['id']}",
        "limit": row["concurrency_limit"],
        "active_slots": active_slots,
        "slot_decay_per_second": 0.0,
    }
