"""Republishing: what was stored and did not get to the broker gets there after all."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import anyio
import anyio.lowlevel
import pytest

from tests.support.server_keeper import free_port
from windlass.clock import utc_now
from windlass.ids import uuid7
from windlass.schemas.events import Event
from windlass_services.events.intake import take_in
from windlass_services.events.publishing import publishing, say_what_is_owed
from windlass_services.events.rows import EVENTS_TOPIC, row_of_event
from windlass_services.orchestration.context import ServiceContext
from windlass_services.storage.hot.protocol import EventRow
from windlass_services.storage.scope import Scope
from windlass_services.storage.unpublished import first_unpublished
from windlass_services.streams.open import open_streams
from windlass_services.streams.protocol import Message
from windlass_services.streams.publisher import Publisher
from windlass_services.triggers.republish import republish

SECOND = timedelta(seconds=1)


def an_event(received: datetime) -> EventRow:
    """An event of one resource: there is an order within a partition only."""
    event = {"occurred": received, "event": "e", "resource": {"prefect.resource.id": "r"}}
    return row_of_event(Event.model_validate(event | {"id": uuid7()}), received)


async def store(services: ServiceContext, *received: datetime) -> list[str]:
    """Events that are rows and nothing else, in the order of their ids; the ids."""
    events = [an_event(at) for at in received]
    await services.database.hot.insert_events(Scope(), events)
    return [str(event.id) for event in events]


async def owe(services: ServiceContext, since: datetime, until: datetime) -> None:
    """Have some process say that it owes this period."""
    services.publisher.owe((since, until))
    await say_what_is_owed(services, uuid7(), is_over=True)


async def is_settled(services: ServiceContext) -> bool:
    """Whether nothing is owed any more."""
    async with services.database.read() as connection:
        return await first_unpublished(connection) is None


async def heard(services: ServiceContext, live: AsyncIterator[Message]) -> list[str]:
    """The ids of the messages so far."""
    last = an_event(utc_now())
    await services.publisher.publish(
        EVENTS_TOPIC, [Message(last.resource_id, "last", b"{}")], (last.received, last.received)
    )
    ids: list[str] = []
    async for message in live:
        if message.id == "last":
            break
        ids.append(message.id)
    return ids


async def test_what_a_broker_that_is_away_did_not_get_is_published_again(
    services: ServiceContext,
) -> None:
    away = open_streams(f"redis://127.0.0.1:{free_port()}/0")
    cut_off = replace(services, streams=away, publisher=Publisher(away))
    events = [an_event(utc_now()) for _ in range(3)]
    assert await take_in(cut_off.database, cut_off.publisher, Scope(), events) == 3
    await away.close()
    await say_what_is_owed(cut_off, uuid7())
    async with services.streams.tail(EVENTS_TOPIC) as live:
        assert await republish(services) == 3
        assert await heard(services, live) == [str(event.id) for event in events]
    assert await is_settled(services)
    assert await republish(services) == 0


async def test_what_is_published_again_is_the_event_as_it_was(services: ServiceContext) -> None:
    event = an_event(utc_now())
    async with services.streams.tail(EVENTS_TOPIC) as live:
        await take_in(services.database, services.publisher, Scope(), [event])
        await owe(services, event.received, event.received)
        await republish(services)
        first, again = await anext(live), await anext(live)
    assert (again.key, again.id) == (first.key, first.id)
    assert Event.model_validate_json(again.body) == Event.model_validate_json(first.body)


async def test_a_broker_that_is_still_away_leaves_the_rest_owed(services: ServiceContext) -> None:
    now = utc_now()
    await store(services, now)
    await owe(services, now, now)
    away = open_streams(f"redis://127.0.0.1:{free_port()}/0")
    assert await republish(replace(services, streams=away)) == 0
    await away.close()
    assert not await is_settled(services)
    assert await republish(services) == 1


async def test_a_long_period_takes_several_passes(services: ServiceContext) -> None:
    now = utc_now()
    ids = await store(services, *(now + n * SECOND for n in range(1200)))
    await owe(services, now, now + 1199 * SECOND)
    async with services.streams.tail(EVENTS_TOPIC) as live:
        counts = [await republish(services, most=500) for _ in range(3)]
        assert await heard(services, live) == [*ids[:500], *ids[499:999], *ids[998:]]
    # Each pass begins at the moment that the last one reached.
    assert counts == [500, 500, 202]
    assert await is_settled(services)


async def test_many_events_of_one_moment_do_not_hold_up_the_rest(services: ServiceContext) -> None:
    now = utc_now()
    await store(services, *[now] * 700, now + SECOND)
    await owe(services, now, now + SECOND)
    assert [await republish(services, most=500) for _ in range(2)] == [701, 0]


async def test_periods_that_touch_are_one(services: ServiceContext) -> None:
    now = utc_now()
    await store(services, *(now + n * SECOND for n in (0, 2, 4, 9)))
    periods: Sequence[tuple[int, int]] = ((3, 4), (0, 2), (1, 3), (9, 9))
    for since, until in periods:
        await owe(services, now + since * SECOND, now + until * SECOND)
    assert [await republish(services) for _ in range(3)] == [3, 1, 0]


async def test_what_a_process_stored_before_it_died_is_published_again(
    services: ServiceContext,
) -> None:
    died = utc_now() - timedelta(minutes=1)
    long_before, under_way, after_its_beat = await store(
        services, died - 30 * SECOND, died - 3 * SECOND, died + 3 * SECOND
    )
    await say_what_is_owed(replace(services, clock=lambda: died), uuid7())
    async with services.streams.tail(EVENTS_TOPIC) as live:
        assert await republish(services) == 2
        assert await heard(services, live) == [under_way, after_its_beat]
    assert long_before
    assert await republish(services) == 0


async def test_who_says_that_it_is_over_owes_nothing(services: ServiceContext) -> None:
    died = utc_now() - timedelta(minutes=1)
    await store(services, died)
    async with publishing(replace(services, clock=lambda: died)):
        await anyio.lowlevel.checkpoint()
    assert await republish(services) == 0


async def test_who_is_cancelled_while_publishing_owes_it(services: ServiceContext) -> None:
    event = an_event(utc_now())
    with anyio.CancelScope() as scope:
        scope.cancel()
        await services.publisher.publish(
            EVENTS_TOPIC, [Message("r", str(event.id), b"{}")], (event.received, event.received)
        )
    assert scope.cancelled_caught
    assert services.publisher.take_owed() == (event.received, event.received)


async def test_what_could_not_be_noted_is_still_owed(
    services: ServiceContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = utc_now()
    services.publisher.owe((now, now + SECOND))
    with monkeypatch.context() as patched:
        patched.setattr("windlass_services.events.publishing.beat_of_publisher", None, raising=True)
        with pytest.raises(TypeError):
            await say_what_is_owed(services, uuid7())
    assert services.publisher.take_owed() == (now, now + SECOND)
    assert await is_settled(services)
