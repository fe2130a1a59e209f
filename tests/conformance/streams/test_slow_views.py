"""A live view that does not keep up misses messages, and says how many."""

import anyio
import pytest

from tests.conformance.streams.conftest import MakeStreams
from tests.support.waiting import await_until
from windlass_services.runtime.metrics import COUNTED
from windlass_services.streams import memory
from windlass_services.streams.protocol import Message, Streams
from windlass_services.streams.rabbitmq import live, names


@pytest.fixture
def little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is not the cap of the topic that bounds what waits for a view."""
    monkeypatch.setattr(memory, "_INBOX", 20)
    monkeypatch.setattr(names, "_MISSED_AT_MOST", 20)
    monkeypatch.setattr(live, "_AHEAD", 5)


def dropped() -> float:
    """How many messages live views missed, as it is exported."""
    labels = {"topic": "events"}
    return COUNTED.get_sample_value("windlass_live_messages_dropped_total", labels) or 0.0


async def seen_of(streams: Streams, *counts: int) -> int:
    """How many messages a view is shown that looks whenever so many were published."""
    seen = 0
    with anyio.fail_after(20):
        async with streams.tail("events") as messages:
            for count in counts:
                ids = [*(str(number) for number in range(count - 1)), "last"]
                # In parts: a broker may trim after each of them.
                for start in range(0, count, 40):
                    part = [Message("run-1", id, b"") for id in ids[start : start + 40]]
                    await streams.publish("events", part)
                while (await anext(messages)).id != "last":
                    seen += 1
                seen += 1
            # Whoever waits for more has read it all.
            with anyio.move_on_after(0.1):
                await anext(messages)
    return seen


@pytest.mark.usefixtures("little_room")
async def test_what_a_slow_view_misses_is_counted(make_streams: MakeStreams) -> None:
    streams = await make_streams(cap=160)
    await streams.publish("events", [Message("run-1", str(n), b"") for n in range(60)])
    before = dropped()
    missed = 300 - await seen_of(streams, 120, 120, 5, 55)
    assert 0 < missed < 300

    async def counted() -> bool:
        return dropped() - before >= missed

    await await_until(counted, timeout=10, description=f"{missed} messages to be counted")
    assert dropped() - before == missed


@pytest.mark.usefixtures("little_room")
async def test_who_keeps_up_misses_nothing(make_streams: MakeStreams) -> None:
    streams = await make_streams(cap=160)
    await streams.publish("events", [Message("run-1", str(n), b"") for n in range(60)])
    before = dropped()
    assert await seen_of(streams, *[5] * 8) == 40
    assert dropped() == before
