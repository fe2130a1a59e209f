"""The schedules of deployments. Every change takes the runs that were made from what it was."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.exceptions import ObjectAlreadyExists, ObjectNotFound, RequestInvalid
from windlass.ids import uuid7
from windlass.schemas.base import JsonObject
from windlass.schemas.deployment_schedules import (
    DeploymentSchedule,
    DeploymentScheduleCreate,
    DeploymentScheduleUpdate,
)
from windlass.schemas.schedules import schedule_fingerprint
from windlass_services.storage.rows import readable
from windlass_services.storage.schedule_identity import WantedSchedule, recognise
from windlass_services.storage.scheduled_runs import remove_auto_scheduled_runs
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import (
    Timestamp,
    deployment,
    deployment_schedule,
    flow_run,
)


async def read_deployment_schedules(
    connection: AsyncConnection, scope: Scope, deployment_id: UUID
) -> list[DeploymentSchedule]:
    """The schedules of a deployment, the newest first. Raises `ObjectNotFound` for it."""
    await _require_deployment(connection, scope, deployment_id, lock=False)
    return (await schedules_of(connection, [deployment_id]))[deployment_id]


async def schedules_of(
    connection: AsyncConnection, deployment_ids: Collection[UUID]
) -> dict[UUID, list[DeploymentSchedule]]:
    """The schedules of these deployments, the newest first; an empty list for one without any."""
    found: dict[UUID, list[DeploymentSchedule]] = {id: [] for id in deployment_ids}
    if found:
        rows = await connection.execute(
            sa.select(deployment_schedule)
            .where(deployment_schedule.c.deployment_id.in_(found))
            .order_by(deployment_schedule.c.id.desc())
        )
        for schedule in readable("schedule", rows.mappings(), _schedule):
            assert schedule.deployment_id is not None
            found[schedule.deployment_id].append(schedule)
    return found


async def create_deployment_schedules(
    connection: AsyncConnection,
    scope: Scope,
    deployment_id: UUID,
    creates: Sequence[DeploymentScheduleCreate],
    *,
    now: datetime,
) -> list[DeploymentSchedule]:
    """Add schedules, which the scheduler looks at next.

    Raises `ObjectNotFound` for the deployment, `ObjectAlreadyExists` for a slug that is taken.
    """
    await _require_deployment(connection, scope, deployment_id, lock=True)
    existing = (await schedules_of(connection, [deployment_id]))[deployment_id]
    _refuse_repeated_slugs([*existing, *creates])
    ids = [await _insert(connection, scope, deployment_id, create, now=now) for create in creates]
    await look_again(connection, deployment_schedule.c.id.in_(ids), now=now)
    stored = (await schedules_of(connection, [deployment_id]))[deployment_id]
    by_id = {schedule.id: schedule for schedule in stored}
    return [by_id[id] for id in ids]


async def update_deployment_schedule(
    connection: AsyncConnection,
    scope: Scope,
    deployment_id: UUID,
    schedule_id: UUID,
    update: DeploymentScheduleUpdate,
    *,
    now: datetime,
) -> None:
    """Change what is set in `update`. Raises `ObjectNotFound`, `ObjectAlreadyExists`."""
    await _require_deployment(connection, scope, deployment_id, lock=True)
    existing = (await schedules_of(connection, [deployment_id]))[deployment_id]
    current = next((schedule for schedule in existing if schedule.id == schedule_id), None)
    if current is None:
        raise _not_found(deployment_id, schedule_id)
    if update.slug is not None:
        others = [schedule for schedule in existing if schedule.id != schedule_id]
        _refuse_repeated_slugs([*others, update])
    await _change(connection, current, update, now=now)


async def delete_deployment_schedule(
    connection: AsyncConnection, scope: Scope, deployment_id: UUID, schedule_id: UUID
) -> None:
    """Remove a schedule and the runs that wait because of it. Raises `ObjectNotFound`."""
    await _require_deployment(connection, scope, deployment_id, lock=True)
    existing = (await schedules_of(connection, [deployment_id]))[deployment_id]
    if all(schedule.id != schedule_id for schedule in existing):
        raise _not_found(deployment_id, schedule_id)
    await _delete(connection, [schedule_id])


async def replace_schedules(
    connection: AsyncConnection,
    scope: Scope,
    deployment_id: UUID,
    wanted: Sequence[WantedSchedule],
    *,
    by_slug: bool,
    now: datetime,
) -> None:
    """Make `wanted` the schedules of a deployment that the caller has locked; then `look_again`.

    Those that are recognised by slug or by what they say change in place, with only what is set;
    the others are made or removed. But with `by_slug`, where every schedule has a slug, those that
    are not wanted stay. Raises `RequestInvalid`, `ObjectAlreadyExists`.
    """
    _refuse_repeated_slugs(wanted)
    existing = (await schedules_of(connection, [deployment_id]))[deployment_id]
    recognised = recognise(existing, wanted)
    if by_slug and existing and all(schedule.slug for schedule in existing):
        _require_slugs(wanted)
    else:
        await _delete(connection, [schedule.id for schedule in recognised.unwanted])
    for one, current in recognised.pairs:
        if current is not None:
            await _change(connection, current, one, now=now)
        else:
            await _insert(connection, scope, deployment_id, _complete(one), now=now)


async def look_again(
    connection: AsyncConnection, which: sa.ColumnElement[bool], *, now: datetime
) -> None:
    """Let the scheduler make the runs of these schedules anew, unless the deployment is paused.

    `updated` is the version that a scheduler compares: what it makes of an older one is removed.
    """
    is_paused = (
        sa.select(deployment.c.paused)
        .where(deployment.c.id == deployment_schedule.c.deployment_id)
        .scalar_subquery()
    )
    await connection.execute(
        sa.update(deployment_schedule)
        .where(which)
        .values(
            scheduled_until=None,
            next_look=sa.case((is_paused, sa.null()), else_=sa.literal(now, Timestamp)),
            updated=now,
        )
    )


_NEVER_NULL: Final = frozenset({"active", "schedule"})


async def _change(
    connection: AsyncConnection,
    current: DeploymentSchedule,
    wanted: WantedSchedule,
    *,
    now: datetime,
) -> None:
    given = wanted.model_dump(mode="json", exclude_unset=True)
    fields = {
        name: value for name, value in given.items() if value is not None or name not in _NEVER_NULL
    }
    after = DeploymentSchedule.model_validate(current.model_dump() | fields)
    if after == current:
        return
    await connection.execute(
        sa.update(deployment_schedule)
        .where(deployment_schedule.c.id == current.id)
        .values(**_columns(after), updated=now)
    )
    await remove_auto_scheduled_runs(connection, flow_run.c.schedule_id == current.id)
    await look_again(connection, deployment_schedule.c.id == current.id, now=now)


async def _insert(
    connection: AsyncConnection,
    scope: Scope,
    deployment_id: UUID,
    create: DeploymentScheduleCreate,
    *,
    now: datetime,
) -> UUID:
    id = uuid7()
    await connection.execute(
        sa.insert(deployment_schedule).values(
            **_columns(create),
            id=id,
            workspace_id=scope.workspace_id,
            deployment_id=deployment_id,
            created=now,
            updated=now,
        )
    )
    return id


async def _delete(connection: AsyncConnection, ids: Sequence[UUID]) -> None:
    if ids:
        await remove_auto_scheduled_runs(connection, flow_run.c.schedule_id.in_(ids))
        await connection.execute(
            sa.delete(deployment_schedule).where(deployment_schedule.c.id.in_(ids))
        )


def _columns(schedule: DeploymentSchedule | DeploymentScheduleCreate) -> dict[str, Any]:
    return {
        "schedule": schedule.schedule.model_dump(mode="json"),
        "fingerprint": schedule_fingerprint(schedule.schedule, schedule.parameters),
        "active": schedule.active,
        "slug": schedule.slug,
        "parameters": schedule.parameters,
        "max_scheduled_runs": schedule.max_scheduled_runs,
    }


def _complete(wanted: WantedSchedule) -> DeploymentScheduleCreate:
    given: JsonObject = wanted.model_dump(exclude_unset=True, exclude_none=True)
    if "schedule" not in given:
        named = f"with the slug {wanted.slug!r}" if wanted.slug else "without a slug"
        message = f"A schedule {named} is new to this deployment, so it must say its `schedule`."
        raise RequestInvalid(message)
    return DeploymentScheduleCreate.model_validate(given)


def _require_slugs(schedules: Sequence[WantedSchedule]) -> None:
    if not all(schedule.slug for schedule in schedules):
        message = (
            "Every schedule of this deployment has a slug, so each that is sent needs one, too:"
            " it says which one is meant."
        )
        raise RequestInvalid(message)


def _refuse_repeated_slugs(
    schedules: Sequence[DeploymentSchedule | WantedSchedule],
) -> None:
    slugs = [schedule.slug for schedule in schedules if schedule.slug is not None]
    repeated = sorted({slug for slug in slugs if slugs.count(slug) > 1})
    if repeated:
        message = f"The slug {repeated[0]!r} names two schedules of this deployment."
        raise ObjectAlreadyExists(message)


async def _require_deployment(
    connection: AsyncConnection, scope: Scope, deployment_id: UUID, *, lock: bool
) -> None:
    statement = sa.select(deployment.c.id).where(
        deployment.c.id == deployment_id, deployment.c.workspace_id == scope.workspace_id
    )
    rows = await connection.execute(statement.with_for_update() if lock else statement)
    if rows.scalar_one_or_none() is None:
        message = f"There is no deployment with the id {deployment_id}."
        raise ObjectNotFound(message)


def _not_found(deployment_id: UUID, schedule_id: UUID) -> ObjectNotFound:
    return ObjectNotFound(
        f"There is no schedule with the id {schedule_id} in the deployment {deployment_id}."
    )


def _schedule(row: sa.RowMapping) -> DeploymentSchedule:
    return DeploymentSchedule.model_validate(dict(row))
