"""In memory nothing grows without end: a subscriber that does not read misses the oldest."""

import logging

import pytest

from windlass_services.streams.memory import MemoryStreams
from windlass_services.streams.protocol import Announcement, Message

MORE_THAN_FIT = 10_001


async def test_a_listener_that_does_not_read_is_told_to_look_again() -> None:
    streams = MemoryStreams()
    async with streams.listen(["runs"]) as announcements:
        for _ in range(MORE_THAN_FIT):
            await streams.announce("runs")
        assert await anext(announcements) == Announcement(resumed=True)
        await streams.announce("runs", "the next")
        assert await anext(announcements) == Announcement("runs", "the next")


async def test_a_tail_that_does_not_read_keeps_the_newest_messages_and_says_so_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    streams = MemoryStreams()
    with caplog.at_level(logging.WARNING):
        async with streams.tail("events") as messages:
            for n in range(MORE_THAN_FIT + 1):
                await streams.publish("events", [Message("run-1", str(n), b"")])
            assert (await anext(messages)).id == "2"
    assert [record.levelname for record in caplog.records] == ["WARNING"]
