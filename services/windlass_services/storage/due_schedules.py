"""The schedules whose runs the scheduler must look after now, whatever their number in all."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.schemas.deployment_schedules import DeploymentSchedule
from windlass_services.storage.scheduled_runs import remove_auto_scheduled_runs
from windlass_services.storage.tables import deployment, deployment_schedule, flow_run


@dataclass(frozen=True, slots=True)
class DueSchedule:
    """A schedule to look after, and the version of it that was read."""

    schedule: DeploymentSchedule
    deployment_id: UUID
    workspace_id: UUID
    fingerprint: str
    version: datetime


async def read_due_schedules(
    connection: AsyncConnection,
    now: datetime,
    limit: int,
    deployment_ids: Collection[UUID] | None = None,
) -> list[DueSchedule]:
    """Active schedules of deployments that are not paused, whose next look is due, oldest first."""
    wanted = (
        sa.select(deployment_schedule)
        .join(deployment, deployment.c.id == deployment_schedule.c.deployment_id)
        .where(
            deployment_schedule.c.active,
            deployment_schedule.c.next_look <= now,
            ~deployment.c.paused,
        )
        .order_by(deployment_schedule.c.next_look)
        .limit(limit)
    )
    if deployment_ids is not None:
        wanted = wanted.where(deployment_schedule.c.deployment_id.in_(deployment_ids))
    rows = await connection.execute(wanted)
    return [_due(row) for row in rows.mappings()]


async def note_outlook(
    connection: AsyncConnection,
    due: DueSchedule,
    *,
    now: datetime,
    until: datetime | None,
    next_look: datetime | None,
) -> bool:
    """Save when to look again, if the schedule is still what was read.

    If it was changed, paused or deleted meanwhile, the runs that were made from what it was are
    removed, and the answer is False. Who changed it removed those that existed then; this removes
    what came after, and has the schedule looked at again, since its new version may have made
    the same runs.
    """
    noted = await connection.execute(
        sa.update(deployment_schedule)
        .where(
            deployment_schedule.c.id == due.schedule.id,
            deployment_schedule.c.updated == due.version,
            deployment_schedule.c.active,
            deployment_schedule.c.deployment_id.in_(
                sa.select(deployment.c.id).where(
                    deployment.c.id == due.deployment_id, ~deployment.c.paused
                )
            ),
        )
        .values(scheduled_until=until, next_look=next_look)
    )
    if noted.rowcount:
        return True
    await remove_auto_scheduled_runs(
        connection,
        sa.and_(
            flow_run.c.schedule_id == due.schedule.id,
            flow_run.c.idempotency_key.startswith(
                schedule_key_prefix(due.deployment_id, due.fingerprint)
            ),
        ),
    )
    await connection.execute(
        sa.update(deployment_schedule)
        .where(deployment_schedule.c.id == due.schedule.id)
        .values(next_look=now)
    )
    return False


def schedule_key_prefix(deployment_id: UUID, fingerprint: str) -> str:
    """What the idempotency keys of the runs of one definition have in common.

    It names what the schedule says and not its id: one that is deployed anew makes the same runs.
    """
    return f"scheduled {deployment_id} {fingerprint} "


def _due(row: sa.RowMapping) -> DueSchedule:
    return DueSchedule(
        schedule=DeploymentSchedule.model_validate(dict(row)),
        deployment_id=row["deployment_id"],
        workspace_id=row["workspace_id"],
        fingerprint=row["fingerprint"],
        version=row["updated"],
    )
