"""Schedules of deployments on both dialects: who stays who, and what becomes of their runs."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from tests.support.work import NOW, SCOPE, deploy, make_pool, make_run, run_ids
from windlass.exceptions import ObjectAlreadyExists, ObjectNotFound, RequestInvalid
from windlass.schemas.deployment_schedules import (
    DeploymentSchedule,
    DeploymentScheduleCreate,
    DeploymentScheduleUpdate,
)
from windlass.schemas.deployments import Deployment, DeploymentUpdate
from windlass_services.storage import deployment_schedules, deployments, tables
from windlass_services.storage.database import Database
from windlass_services.storage.deployment_changes import update_deployment

LATER = NOW + timedelta(minutes=5)
DAILY: dict[str, Any] = {"schedule": {"cron": "0 0 * * *"}}
HOURLY: dict[str, Any] = {"schedule": {"interval": 3600, "anchor_date": "2026-01-01T00:00:00Z"}}


async def set_active(database: Database, schedule: DeploymentSchedule, active: bool) -> None:
    """Pause or resume one schedule."""
    assert schedule.deployment_id is not None
    async with database.write() as connection:
        await deployment_schedules.update_deployment_schedule(
            connection,
            SCOPE,
            schedule.deployment_id,
            schedule.id,
            DeploymentScheduleUpdate(active=active),
            now=LATER,
        )


async def next_looks(database: Database) -> list[Any]:
    """When the scheduler looks at each schedule."""
    async with database.read() as connection:
        rows = await connection.execute(sa.select(tables.deployment_schedule.c.next_look))
        return list(rows.scalars())


def only(deployment: Deployment) -> DeploymentSchedule:
    """The one schedule of a deployment."""
    [schedule] = deployment.schedules
    return schedule


@pytest.mark.parametrize("slug", [None, "nightly"])
@pytest.mark.parametrize("was_active", [True, False])
@pytest.mark.parametrize("said", [None, True, False])
async def test_a_redeployed_schedule_is_active_as_said_or_else_as_it_was(
    database: Database, slug: str | None, was_active: bool, said: bool | None
) -> None:
    wanted = DAILY if slug is None else DAILY | {"slug": slug}
    first = only(await deploy(database, schedules=[wanted]))
    await set_active(database, first, was_active)
    again = wanted if said is None else wanted | {"active": said}
    for _ in range(3):
        now = only(await deploy(database, schedules=[again], now=LATER))
        assert (now.id, now.slug) == (first.id, slug)
        assert now.active is (was_active if said is None else said)


async def test_schedules_that_are_not_sent_stay_and_an_empty_list_removes_them(
    database: Database,
) -> None:
    await deploy(database, schedules=[DAILY, HOURLY])
    assert len((await deploy(database)).schedules) == 2
    assert (await deploy(database, schedules=[])).schedules == []


async def test_a_list_of_schedules_is_what_there_is_afterwards(database: Database) -> None:
    first = await deploy(database, schedules=[DAILY | {"slug": "a"}, HOURLY])
    now = await deploy(database, schedules=[HOURLY, {"schedule": {"cron": "5 5 * * *"}}])
    kept = {schedule.id for schedule in first.schedules} & {one.id for one in now.schedules}
    assert [one.id for one in first.schedules if one.slug is None] == list(kept)
    assert len(now.schedules) == 2


async def test_a_slug_is_who_a_schedule_is_whatever_it_says(database: Database) -> None:
    first = only(await deploy(database, schedules=[DAILY | {"slug": "a"}]))
    changed = HOURLY | {"slug": "a", "parameters": {"x": 1}, "max_scheduled_runs": 5}
    now = only(await deploy(database, schedules=[changed]))
    assert now.id == first.id
    assert (now.parameters, now.max_scheduled_runs) == ({"x": 1}, 5)
    other = only(await deploy(database, schedules=[HOURLY | {"slug": "b"}]))
    assert other.id != first.id


async def test_an_interval_is_recognised_without_its_anchor(database: Database) -> None:
    first = only(await deploy(database, schedules=[HOURLY]))
    await set_active(database, first, False)
    now = only(await deploy(database, schedules=[{"schedule": {"interval": 3600}}]))
    assert (now.id, now.active) == (first.id, False)


async def test_a_patch_may_name_a_schedule_by_its_slug_alone(database: Database) -> None:
    made = await deploy(database, schedules=[DAILY | {"slug": "a"}])
    by_slug = DeploymentUpdate.model_validate({"schedules": [{"slug": "a", "active": False}]})
    unknown = DeploymentUpdate.model_validate({"schedules": [{"slug": "b", "active": False}]})
    async with database.write() as connection:
        now = await update_deployment(connection, SCOPE, made.id, by_slug, now=LATER)
        with pytest.raises(RequestInvalid, match="slug 'b' is new"):
            await update_deployment(connection, SCOPE, made.id, unknown, now=LATER)
    assert (only(now).id, only(now).active) == (only(made).id, False)
    assert only(now).schedule == only(made).schedule


async def test_two_schedules_of_a_deployment_cannot_have_one_slug(database: Database) -> None:
    named = DAILY | {"slug": "a"}
    with pytest.raises(ObjectAlreadyExists, match="'a'"):
        await deploy(database, schedules=[named, HOURLY | {"slug": "a"}])
    made = await deploy(database, schedules=[named, HOURLY])
    other = next(schedule for schedule in made.schedules if schedule.slug is None)
    rename = DeploymentScheduleUpdate(slug="a")
    again = [DeploymentScheduleCreate.model_validate(named)]
    async with database.write() as connection:
        with pytest.raises(ObjectAlreadyExists):
            await deployment_schedules.update_deployment_schedule(
                connection, SCOPE, made.id, other.id, rename, now=LATER
            )
        with pytest.raises(ObjectAlreadyExists):
            await deployment_schedules.create_deployment_schedules(
                connection, SCOPE, made.id, again, now=LATER
            )


async def test_added_schedules_come_back_in_the_order_they_were_sent(
    database: Database,
) -> None:
    made = await deploy(database, schedules=[DAILY])
    creates = [DeploymentScheduleCreate.model_validate(one) for one in (HOURLY, DAILY)]
    async with database.write() as connection:
        added = await deployment_schedules.create_deployment_schedules(
            connection, SCOPE, made.id, creates, now=NOW
        )
        every = await deployment_schedules.read_deployment_schedules(connection, SCOPE, made.id)
    assert [one.schedule for one in added] == [one.schedule for one in creates]
    assert len(every) == 3


async def test_what_does_not_exist_is_not_changed(database: Database) -> None:
    made = await deploy(database, schedules=[DAILY])
    nothing = DeploymentScheduleUpdate(active=True)
    async with database.write() as connection:
        for deployment_id, schedule_id in (
            (made.id, uuid4()),
            (uuid4(), only(made).id),
        ):
            with pytest.raises(ObjectNotFound):
                await deployment_schedules.update_deployment_schedule(
                    connection, SCOPE, deployment_id, schedule_id, nothing, now=NOW
                )
            with pytest.raises(ObjectNotFound):
                await deployment_schedules.delete_deployment_schedule(
                    connection, SCOPE, deployment_id, schedule_id
                )


async def runs_of_each(database: Database, deployment: Deployment) -> Sequence[Any]:
    """One run ahead for each schedule, in the order of the schedules."""
    return [
        await make_run(database, deployment, auto_scheduled=True, schedule_id=schedule.id)
        for schedule in deployment.schedules
    ]


async def test_a_changed_schedule_takes_only_its_own_runs(database: Database) -> None:
    await make_pool(database)
    made = await deploy(database, work_pool_name="pool", schedules=[DAILY, HOURLY])
    changed, kept = await runs_of_each(database, made)
    await set_active(database, made.schedules[0], False)
    assert await run_ids(database) == {kept}
    assert changed not in await run_ids(database)
    async with database.write() as connection:
        await deployment_schedules.delete_deployment_schedule(
            connection, SCOPE, made.id, made.schedules[1].id
        )
    assert await run_ids(database) == set()


async def test_a_change_that_changes_nothing_keeps_the_runs(database: Database) -> None:
    await make_pool(database)
    made = await deploy(database, work_pool_name="pool", schedules=[DAILY])
    [run_id] = await runs_of_each(database, made)
    await set_active(database, only(made), True)
    assert await run_ids(database) == {run_id}


async def test_the_scheduler_looks_at_once_unless_the_deployment_is_paused(
    database: Database,
) -> None:
    made = await deploy(database, schedules=[DAILY])
    assert await next_looks(database) == [NOW]
    async with database.write() as connection:
        await deployments.set_deployment_paused(connection, SCOPE, made.id, True, now=LATER)
    assert await next_looks(database) == [None]
    async with database.write() as connection:
        await deployments.set_deployment_paused(connection, SCOPE, made.id, False, now=LATER)
    assert await next_looks(database) == [LATER]


async def test_every_reset_makes_a_new_version_for_schedulers_to_compare(
    database: Database,
) -> None:
    made = await deploy(database, schedules=[DAILY])
    now = await deploy(database, tags=["b"], now=LATER)
    assert (only(made).updated, only(now).updated) == (NOW, LATER)
