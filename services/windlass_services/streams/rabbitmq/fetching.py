"""Taking what a queue has now, with a consumer that lasts no longer than that."""

from datetime import timedelta
from typing import Final

import anyio
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue

from windlass_services.streams.errors import BrokerUnavailable

# Somebody else may have taken what was counted a moment ago.
_WHAT_IS_THERE_COMES_WITHIN: Final = 1.0


async def waiting_in(channel: AbstractChannel, name: str) -> int:
    """How many messages a queue holds that nobody has; fails the channel if there is no queue."""
    declared = await channel.declare_queue(name, passive=True)
    return declared.declaration_result.message_count or 0


async def fetch(
    channel: AbstractChannel, queue: AbstractQueue, *, limit: int, wait: timedelta
) -> list[AbstractIncomingMessage]:
    """The first messages, at most `limit`; if there is none, what has come when one has come."""
    waiting = await waiting_in(channel, queue.name)
    if not waiting and not wait:
        return []
    enough, fetched = max(min(waiting, limit), 1), list[AbstractIncomingMessage]()
    done = anyio.Event()

    async def take(incoming: AbstractIncomingMessage) -> None:
        fetched.append(incoming)
        if len(fetched) >= enough:
            done.set()

    async def give_up(*_: object) -> None:
        done.set()

    channel.close_callbacks.add(give_up)
    await channel.set_qos(prefetch_count=limit)
    tag = await queue.consume(take)
    with anyio.move_on_after(_WHAT_IS_THERE_COMES_WITHIN if waiting else wait.total_seconds()):
        await done.wait()
    channel.close_callbacks.discard(give_up)
    if channel.is_closed:
        raise BrokerUnavailable(f"The channel to {queue.name} was closed")
    # What comes before the broker confirms is ours as well; the prefetch keeps it in bounds.
    await queue.cancel(tag)
    return fetched
