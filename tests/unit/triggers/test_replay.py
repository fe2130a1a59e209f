"""What the broker may have lost, read again from the table."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from windlass.clock import utc_now
from windlass.ids import uuid7
from windlass_services.events.rows import EVENTS_TOPIC, event_row
from windlass_services.orchestration.context import ServiceContext
from windlass_services.storage.scope import Scope
from windlass_services.streams.keys import partition_of
from windlass_services.streams.protocol import PARTITIONS
from windlass_services.triggers.replay import TableReplay


async def store(services: ServiceContext, resource: str, *, after: float = 0.0) -> None:
    """An event about this resource, received so many seconds from now."""
    now = utc_now() + timedelta(seconds=after)
    row = event_row(
        id=uuid7(),
        occurred=now,
        received=now,
        event="thing.happened",
        resource={"prefect.resource.id": resource},
        related=[],
        payload={},
        follows=None,
    )
    await services.database.hot.insert_events(Scope(), [row])


async def test_what_comes_while_it_reads_is_left_to_the_stream(services: ServiceContext) -> None:
    seen: list[str] = []

    async def handle(events: Sequence[Mapping[str, Any]]) -> None:
        seen.extend(event["resource"]["prefect.resource.id"] for event in events)
        await store(services, "later", after=60)

    await store(services, "before")
    await store(services, "in an hour", after=3600)
    replay = TableReplay(services, EVENTS_TOPIC, "group", handle)
    await replay(frozenset(range(PARTITIONS)))
    assert seen == ["before"]


async def test_only_what_the_partitions_may_have_lost_is_handled(
    services: ServiceContext,
) -> None:
    seen: list[str] = []

    async def handle(events: Sequence[Mapping[str, Any]]) -> None:
        seen.extend(event["resource"]["prefect.resource.id"] for event in events)

    for name in ("a", "b", "c", "d"):
        await store(services, name)
    await TableReplay(services, EVENTS_TOPIC, "group", handle)(frozenset({partition_of("b")}))
    assert "b" in seen
    assert {partition_of(name) for name in seen} == {partition_of("b")}
