"""Runs from schedules: one for each fire time, however many make them."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import anyio
import pytest
import sqlalchemy as sa

from tests.unit.orchestration.plant import SCOPE, Plant
from windlass.clock import utc_now
from windlass.schemas.deployment_schedules import DeploymentScheduleUpdate
from windlass.schemas.deployments import Deployment
from windlass.schemas.schedules import IntervalSchedule
from windlass_services.orchestration import scheduling
from windlass_services.orchestration.horizon import Horizon
from windlass_services.orchestration.scheduling import Materialiser
from windlass_services.storage import tables
from windlass_services.storage.deployment_schedules import update_deployment_schedule
from windlass_services.storage.due_schedules import note_outlook

HOURLY: dict[str, Any] = {"schedule": {"interval": 3600}}
DAILY = DeploymentScheduleUpdate(schedule=IntervalSchedule(interval=timedelta(days=1)))


def materialiser(plant: Plant, **known: Any) -> Materialiser:
    return Materialiser(plant.database, plant.orchestrator, Horizon(fewest_runs=5), **known)


async def due_times(plant: Plant) -> list[datetime]:
    """When the runs are due, in order."""
    async with plant.database.read() as connection:
        rows = await connection.execute(sa.select(tables.flow_run.c.next_scheduled_start_time))
        return sorted(rows.scalars())


async def change(plant: Plant, deployment: Deployment) -> None:
    """Make the only schedule of a deployment a daily one."""
    [schedule] = deployment.schedules
    async with plant.database.write() as connection:
        await update_deployment_schedule(
            connection, SCOPE, deployment.id, schedule.id, DAILY, now=utc_now()
        )


async def test_a_schedule_has_the_runs_that_are_promised(plant: Plant) -> None:
    await plant.deployment(schedules=[HOURLY])
    assert await materialiser(plant, insert_batch=2).once(utc_now()) == 1
    times = await due_times(plant)
    assert len(times) == 5
    assert {after - before for before, after in pairwise(times)} == {timedelta(hours=1)}
    assert await materialiser(plant).once(utc_now()) == 0


async def test_a_pass_that_was_long_enough_leaves_the_rest_to_the_next_one(plant: Plant) -> None:
    for number in range(20):
        await plant.deployment(name=f"d{number}", schedules=[HOURLY | {"max_scheduled_runs": 1}])
    slow = materialiser(plant, long_enough=timedelta(0))
    seen: list[tuple[int, int]] = []
    while due := await slow.once(utc_now()):
        seen.append((due, len(await due_times(plant))))
    assert seen == [(20, 8), (12, 16), (4, 20)]


async def test_two_schedulers_make_one_run_for_each_time(plant: Plant) -> None:
    await plant.deployment(schedules=[HOURLY])
    now = utc_now()
    async with anyio.create_task_group() as tasks:
        for _ in range(2):
            tasks.start_soon(materialiser(plant).once, now)
    times = await due_times(plant)
    assert len(times) == len(set(times)) == 5


async def test_a_schedule_says_how_many_runs_it_wants(plant: Plant) -> None:
    await plant.deployment(schedules=[HOURLY | {"max_scheduled_runs": 2}])
    await materialiser(plant).once(utc_now())
    assert len(await due_times(plant)) == 2


async def test_a_paused_deployment_gets_no_runs(plant: Plant) -> None:
    await plant.deployment(schedules=[HOURLY], paused=True)
    assert await materialiser(plant).once(utc_now()) == 0
    assert await due_times(plant) == []


async def test_a_change_while_runs_are_made_leaves_none_of_the_old(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = await plant.deployment(schedules=[HOURLY])
    note = note_outlook

    async def change_first(connection: Any, *arguments: Any, **known: Any) -> bool:
        monkeypatch.setattr(scheduling, "note_outlook", note)
        await connection.execute(
            sa.update(tables.deployment_schedule).values(
                updated=utc_now() + timedelta(seconds=1), fingerprint="changed"
            )
        )
        return await note(connection, *arguments, **known)

    monkeypatch.setattr(scheduling, "note_outlook", change_first)
    await materialiser(plant).once(utc_now())
    assert await due_times(plant) == []
    await change(plant, deployment)
    await materialiser(plant).once(utc_now())
    times = await due_times(plant)
    assert times[1] - times[0] == timedelta(days=1)


async def test_a_schedule_whose_runs_cannot_be_made_affects_no_other(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = await plant.deployment(name="bad", schedules=[HOURLY])
    good = await plant.deployment(name="good", schedules=[HOURLY])
    create = plant.orchestrator.create_from_deployment

    async def create_most(scope: Any, id: Any, runs: Any) -> Any:
        if id == bad.id:
            raise ValueError("cannot be made")
        return await create(scope, id, runs)

    monkeypatch.setattr(plant.orchestrator, "create_from_deployment", create_most)
    now = utc_now()
    assert await materialiser(plant).once(now) == 2
    async with plant.database.read() as connection:
        rows = await connection.execute(sa.select(tables.flow_run.c.deployment_id))
        assert set(rows.scalars()) == {good.id}
    assert await materialiser(plant).once(now) == 0
    assert await materialiser(plant).once(now + timedelta(minutes=5)) == 1
