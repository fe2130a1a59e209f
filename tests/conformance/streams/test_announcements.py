"""Announcements wake whoever listens at that moment; topics can be watched live."""

import anyio

from windlass_services.streams.protocol import Announcement, Message, Streams


async def test_a_listener_hears_its_channels_and_no_others(streams: Streams) -> None:
    async with streams.listen(["runs", "pool:*"]) as announcements:
        await streams.announce("pools")
        await streams.announce("pool:a", "3")
        await streams.announce("runs:x")
        await streams.announce("runs")
        with anyio.fail_after(10):
            heard = [await anext(announcements) for _ in range(2)]
    # The nodes of a cluster may tell of different channels in another order.
    assert sorted(heard, key=lambda one: one.channel) == [
        Announcement("pool:a", "3"),
        Announcement("runs", ""),
    ]


async def test_a_prefix_is_taken_literally(streams: Streams) -> None:
    async with streams.listen(["pool:[a]?*"]) as announcements:
        await streams.announce("pool:ab")
        await streams.announce("pool:[a]?b")
        with anyio.fail_after(10):
            assert await anext(announcements) == Announcement("pool:[a]?b")


async def test_every_listener_hears_an_announcement(streams: Streams) -> None:
    async with streams.listen(["runs"]) as one, streams.listen(["run*"]) as two:
        await streams.announce("runs", "now")
        with anyio.fail_after(10):
            assert await anext(one) == await anext(two) == Announcement("runs", "now")


async def test_an_announcement_without_listeners_is_forgotten(streams: Streams) -> None:
    await streams.announce("runs", "before")
    async with streams.listen(["runs"]) as announcements:
        await streams.announce("runs", "after")
        with anyio.fail_after(10):
            assert (await anext(announcements)).payload == "after"


async def test_giving_up_a_wait_loses_no_announcement(streams: Streams) -> None:
    async with streams.listen(["runs"]) as announcements:
        with anyio.move_on_after(0.01) as wait:
            await anext(announcements)
        assert wait.cancelled_caught
        await streams.announce("runs", "later")
        with anyio.fail_after(10):
            assert await anext(announcements) == Announcement("runs", "later")


async def test_a_tail_yields_what_is_published_after_it_was_opened(streams: Streams) -> None:
    await streams.publish("events", [Message("run-1", "before", b"")])
    async with streams.tail("events") as messages:
        await streams.publish("logs", [Message("run-1", "elsewhere", b"")])
        await streams.publish("events", [Message("run-1", str(n), b"x") for n in range(300)])
        with anyio.fail_after(10):
            for n in range(300):
                assert await anext(messages) == Message("run-1", str(n), b"x")


async def test_a_tail_covers_every_partition(streams: Streams) -> None:
    published = {Message(f"run-{n}", str(n), b"") for n in range(100)}
    async with streams.tail("events") as messages:
        await streams.publish("events", sorted(published, key=lambda message: message.id))
        with anyio.fail_after(10):
            assert {await anext(messages) for _ in published} == published


async def test_giving_up_a_wait_loses_no_message_of_a_tail(streams: Streams) -> None:
    async with streams.tail("events") as messages:
        with anyio.move_on_after(0.01) as wait:
            await anext(messages)
        assert wait.cancelled_caught
        await streams.publish("events", [Message("run-1", "later", b"")])
        with anyio.fail_after(10):
            assert (await anext(messages)).id == "later"


async def test_tails_do_not_slow_down_groups_or_each_other(streams: Streams) -> None:
    async with streams.tail("events"), streams.tail("events") as messages:
        await streams.publish("events", [Message("run-1", "a", b"")])
        with anyio.fail_after(10):
            assert (await anext(messages)).id == "a"
    assert await streams.lag("events", "group") == 1
