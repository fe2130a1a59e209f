"""Leases of slots that nobody looks after any more."""

from datetime import timedelta
from uuid import uuid4

import httpx

from windlass.clock import utc_now
from windlass_services.orchestration.context import ServiceContext
from windlass_services.scheduler.loops.slot_leases import duty, look_after_leases
from windlass_services.storage.scope import Scope
from windlass_services.storage.tag_slots import TERM, take_tag_slots


async def test_leases_that_are_over_are_deleted(
    services: ServiceContext, api: httpx.AsyncClient
) -> None:
    await api.post("/concurrency_limits/", json={"tag": "db", "concurrency_limit": 2})
    for age in (timedelta(0), TERM):
        async with services.database.write() as connection:
            await take_tag_slots(connection, Scope(), ["db"], uuid4(), now=utc_now() - age)
    assert await look_after_leases(services) == 1
    assert await look_after_leases(services) == 0
    assert len((await api.get("/concurrency_limits/tag/db")).json()["active_slots"]) == 1


async def test_the_duty_is_part_of_the_scheduler(services: ServiceContext) -> None:
    made = duty(services)
    assert made is not None
    assert (made.name, made.every) == ("slot-leases", timedelta(seconds=15))
