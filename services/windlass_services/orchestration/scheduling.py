"""Runs from schedules: made ahead of time, once per fire time, however many make them."""

import logging
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import anyio

from windlass.exceptions import ServerBusy
from windlass.schemas.deployment_schedules import DeploymentSchedule
from windlass_services.orchestration.creation import RunFromDeployment
from windlass_services.orchestration.horizon import Horizon, Outlook, look_ahead
from windlass_services.orchestration.orchestrator import Orchestrator
from windlass_services.storage.database import Database
from windlass_services.storage.due_schedules import (
    DueSchedule,
    note_outlook,
    read_due_schedules,
    schedule_key_prefix,
)
from windlass_services.storage.scope import Scope

_log: Final = logging.getLogger(__name__)
_LOOK_AGAIN_AFTER: Final = timedelta(minutes=5)
_AT_A_TIME: Final = 8


@dataclass(frozen=True, slots=True)
class Materialiser:
    """Looks after the schedules that are due for a look."""

    database: Database
    orchestrator: Orchestrator
    horizon: Horizon
    batch: int = 100
    """Schedules that one pass looks after."""
    insert_batch: int = 500
    """Runs that one transaction makes."""
    long_enough: timedelta = timedelta(seconds=0.8)
    """After which a pass begins with no further schedule."""

    async def once(self, now: datetime, deployment_ids: Collection[UUID] | None = None) -> int:
        """Make the runs of schedules that are due for a look; returns how many there are, up to
        `batch`. What has not begun when it was `long_enough` is left to the next pass.

        Several at a time, whose writes share transactions. A schedule that cannot be read, or
        whose deployment is gone, affects no other.
        """
        async with self.database.read() as connection:
            due = await read_due_schedules(connection, now, self.batch, deployment_ids)
        room = anyio.Semaphore(_AT_A_TIME)
        end = anyio.current_time() + self.long_enough.total_seconds()
        async with anyio.create_task_group() as tasks:
            for number, one in enumerate(due):
                await room.acquire()
                # The first ones always: however slow it is, it goes on.
                if number >= _AT_A_TIME and anyio.current_time() >= end:
                    break
                tasks.start_soon(self._look_after, one, now, room)
        return len(due)

    async def _look_after(self, due: DueSchedule, now: datetime, room: anyio.Semaphore) -> None:
        try:
            await self._look_ahead(due, now)
        except (OSError, ServerBusy):
            raise
        except Exception:
            _log.exception("The runs of schedule %s cannot be made", due.schedule.id)
            await self._note(due, now, Outlook((), now + _LOOK_AGAIN_AFTER))
        finally:
            room.release()

    async def _look_ahead(self, due: DueSchedule, now: datetime) -> None:
        schedule = due.schedule
        horizon = self.horizon
        if schedule.max_scheduled_runs is not None:
            most = schedule.max_scheduled_runs
            horizon = replace(horizon, most_runs=most, fewest_runs=min(most, horizon.fewest_runs))
        outlook = look_ahead(schedule.schedule.dates(now), now, horizon)
        await self._make_runs(due, schedule, outlook)
        await self._note(due, now, outlook)

    async def _note(self, due: DueSchedule, now: datetime, outlook: Outlook) -> None:
        async with self.database.write() as connection:
            await note_outlook(
                connection,
                due,
                now=now,
                until=outlook.moments[-1] if outlook.moments else None,
                next_look=outlook.next_look,
            )

    async def _make_runs(
        self, due: DueSchedule, schedule: DeploymentSchedule, outlook: Outlook
    ) -> None:
        prefix = schedule_key_prefix(due.deployment_id, due.fingerprint)
        scope = Scope(due.workspace_id, "service:scheduler")
        runs = [
            RunFromDeployment.scheduled(
                at=moment,
                schedule_id=schedule.id,
                parameters=schedule.parameters,
                idempotency_key=prefix + moment.isoformat(),
            )
            for moment in outlook.moments
        ]
        for start in range(0, len(runs), self.insert_batch):
            some = runs[start : start + self.insert_batch]
            await self.orchestrator.create_from_deployment(scope, due.deployment_id, some)
