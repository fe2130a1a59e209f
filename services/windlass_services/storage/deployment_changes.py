"""Making and changing deployments: what is not said stays as it is, null clears, a value sets."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.exceptions import DoesNotFit, ObjectNotFound, RequestInvalid
from windlass.ids import uuid7
from windlass.schemas.deployments import (
    Deployment,
    DeploymentCreate,
    DeploymentStatus,
    DeploymentUpdate,
)
from windlass.schemas.fields import CreatedBy
from windlass.schemas.job_variables import check_job_variables
from windlass.schemas.parameters import check_parameters
from windlass.schemas.work_queues import WorkQueue, WorkQueueStatus
from windlass_services.storage.deployment_schedules import replace_schedules
from windlass_services.storage.deployments import (
    is_deployment,
    read_deployment,
    reset_auto_scheduled_runs,
)
from windlass_services.storage.ensured_queues import (
    ensure_default_agent_pool,
    ensure_work_queue,
)
from windlass_services.storage.flows import read_flow
from windlass_services.storage.scheduled_runs import ask_for_slots_again
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import deployment, work_pool
from windlass_services.storage.upserts import insert_into
from windlass_services.storage.work_pools import read_work_pool
from windlass_services.storage.work_queues import read_work_queue


async def create_deployment(
    connection: AsyncConnection,
    scope: Scope,
    create: DeploymentCreate,
    *,
    now: datetime,
    created_by: CreatedBy | None = None,
) -> tuple[Deployment, bool]:
    """Make a deployment, or change the one of this flow and name; and whether it was made now.

    A queue that does not exist is made. Auto-scheduled runs that have not started are removed, for
    the scheduler to make them anew. Raises `ObjectNotFound` for the flow, the pool or the global
    limit, `RequestInvalid` for parameters, job variables or schedules that do not fit.
    """
    owner = await read_flow(connection, scope, create.flow_id)
    inherited = {**(owner.labels or {}), "prefect.flow.id": str(owner.id)}
    if "labels" in create.model_fields_set:
        create = create.model_copy(update={"labels": {**inherited, **(create.labels or {})}})
    made = await connection.execute(
        insert_into(connection, deployment)
        .values(
            **{**_EMPTY, "labels": inherited},
            id=uuid7(),
            workspace_id=scope.workspace_id,
            flow_id=create.flow_id,
            name=create.name,
            created_by=created_by and created_by.model_dump(mode="json"),
            created=now,
            updated=now,
        )
        .on_conflict_do_nothing(index_elements=["workspace_id", "flow_id", "name"])
        .returning(deployment.c.id)
    )
    new_id: UUID | None = made.scalar_one_or_none()
    id = new_id or await _id_of(connection, scope, create)
    await _change(connection, scope, id, create, now=now)
    return await read_deployment(connection, scope, id), new_id is not None


async def update_deployment(
    connection: AsyncConnection, scope: Scope, id: UUID, update: DeploymentUpdate, *, now: datetime
) -> Deployment:
    """Change what is set in `update`, and remove the auto-scheduled runs that have not started.

    Raises `ObjectNotFound` and `RequestInvalid` as `create_deployment` does.
    """
    await read_deployment(connection, scope, id)
    await _change(connection, scope, id, update, now=now)
    return await read_deployment(connection, scope, id)


_EMPTY: Final[Mapping[str, Any]] = {
    "tags": [],
    "labels": {},
    "parameters": {},
    "enforce_parameter_schema": True,
    "job_variables": {},
    "paused": False,
    "status": DeploymentStatus.NOT_READY,
}
"""A deployment of which nothing was said; null in a change gives a field this value again."""

_NOT_COLUMNS: Final = frozenset(
    {"flow_id", "name", "schedules", "work_pool_name", "work_queue_name"}
    | {"global_concurrency_limit_id"}
)
_PARAMETERS: Final = frozenset(
    {"parameters", "parameter_openapi_schema", "enforce_parameter_schema"}
)
_JOB: Final = frozenset({"job_variables", "work_pool_name"})


async def _change(
    connection: AsyncConnection,
    scope: Scope,
    id: UUID,
    given: DeploymentCreate | DeploymentUpdate,
    *,
    now: datetime,
) -> None:
    # The pool is locked before the deployment, as everywhere: nobody waits in a circle.
    destination = await _destination(connection, scope, id, given, now=now)
    rows = await connection.execute(
        sa.select(deployment).where(is_deployment(scope, id)).with_for_update()
    )
    before = rows.mappings().one()
    said = given.model_dump(exclude_unset=True)
    values = destination | {
        name: _EMPTY.get(name) if value is None else value
        for name, value in said.items()
        if name not in _NOT_COLUMNS
    }
    values |= _own_limit(before, said)
    error = DoesNotFit if isinstance(given, DeploymentUpdate) else RequestInvalid
    await _check(connection, {**before, **values}, frozenset(said), error)
    await connection.execute(
        sa.update(deployment).where(deployment.c.id == id).values(**values, updated=now)
    )
    if said.keys() & {"concurrency_limit", "concurrency_options"}:
        await ask_for_slots_again(connection, id, now=now)
    if "schedules" in given.model_fields_set:
        by_slug = isinstance(given, DeploymentUpdate)
        await replace_schedules(connection, scope, id, given.schedules, by_slug=by_slug, now=now)
    await reset_auto_scheduled_runs(connection, id, now=now)


async def _id_of(connection: AsyncConnection, scope: Scope, create: DeploymentCreate) -> UUID:
    rows = await connection.execute(
        sa.select(deployment.c.id).where(
            deployment.c.workspace_id == scope.workspace_id,
            deployment.c.flow_id == create.flow_id,
            deployment.c.name == create.name,
        )
    )
    return rows.scalar_one()


async def _destination(
    connection: AsyncConnection,
    scope: Scope,
    id: UUID,
    given: DeploymentCreate | DeploymentUpdate,
    *,
    now: datetime,
) -> dict[str, Any]:
    """The columns that say in which queue the runs wait, if anything was said about that."""
    said = given.model_fields_set
    if not said & {"work_pool_name", "work_queue_name"}:
        return {}
    before = await read_deployment(connection, scope, id)
    pool_name, queue_name = given.work_pool_name, given.work_queue_name
    if "work_pool_name" not in said:
        pool_name = before.work_pool_name
    if "work_queue_name" not in said and pool_name == before.work_pool_name:
        queue_name = before.work_queue_name
    if pool_name is None and queue_name is None:
        nowhere = dict.fromkeys(("work_pool_id", "work_queue_id", "work_queue_name"))
        return {**nowhere, "status": DeploymentStatus.NOT_READY}
    if pool_name is None:
        pool_name = (await ensure_default_agent_pool(connection, scope, now=now)).name
    queue = await _queue(connection, scope, pool_name, queue_name, now=now)
    is_ready = queue.status is WorkQueueStatus.READY
    return {
        "work_pool_id": queue.work_pool_id,
        "work_queue_id": queue.id,
        "work_queue_name": queue.name,
        "status": DeploymentStatus.READY if is_ready else DeploymentStatus.NOT_READY,
    }


async def _queue(
    connection: AsyncConnection, scope: Scope, pool_name: str, name: str | None, *, now: datetime
) -> WorkQueue:
    if name is not None:
        return await ensure_work_queue(connection, scope, pool_name, name, now=now)
    pool = await read_work_pool(connection, scope, pool_name)
    assert pool.default_queue_id is not None
    return await read_work_queue(connection, scope, pool.default_queue_id)


def _own_limit(before: sa.RowMapping, said: Mapping[str, Any]) -> dict[str, Any]:
    if said.get("global_concurrency_limit_id") is not None:
        message = (
            f"There is no concurrency limit with the id {said['global_concurrency_limit_id']}."
        )
        raise ObjectNotFound(message)
    if said.get("concurrency_limit") is None or before["concurrency_limit_id"] is not None:
        return {}
    return {"concurrency_limit_id": uuid7()}


async def _check(
    connection: AsyncConnection,
    after: Mapping[str, Any],
    said: frozenset[str],
    error: type[RequestInvalid],
) -> None:
    """What was said must fit. What was not is left alone: the pool may have changed since."""
    of = f"the deployment {after['name']!r}"
    if said & _PARAMETERS and after["enforce_parameter_schema"]:
        schema = after["parameter_openapi_schema"]
        check_parameters(after["parameters"], schema, of=of, complete=False, error=error)
    if said & _JOB and after["work_pool_id"] is not None:
        rows = await connection.execute(
            sa.select(work_pool.c.base_job_template).where(work_pool.c.id == after["work_pool_id"])
        )
        check_job_variables(after["job_variables"], rows.scalar_one(), of=of, error=error)
