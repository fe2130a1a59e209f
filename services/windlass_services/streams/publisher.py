"""Publishing what is committed, and knowing what was not published."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from windlass_services.runtime.batching import Answers, Batcher
from windlass_services.streams.errors import BrokerUnavailable
from windlass_services.streams.protocol import Message, Streams

Period: TypeAlias = tuple[datetime, datetime]
"""From the first moment to the last one, both included."""

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Publication:
    topic: str
    messages: Sequence[Message]
    received: Period


class Publisher:
    """The way from a committed row to the broker. One per process.

    What several publish at a time goes in one round trip. Consumers notice what the broker loses,
    and read it from the table. What never got to the broker they cannot notice: `owed` is what
    somebody has to publish again.
    """

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self._owed: Period | None = None
        self._together = Batcher[_Publication, None](self._publish)

    async def publish(self, topic: str, messages: Sequence[Message], received: Period) -> None:
        """Publish messages of events that were received in this period. A broker that is away
        does not make it fail; whoever is cancelled owes them as well."""
        try:
            await self._together.ask(_Publication(topic, messages, received))
        except BaseException:
            self.owe(received)
            raise

    def owe(self, period: Period) -> None:
        """Remember that events of this period may not have been published."""
        since, until = period if self._owed is None else self._owed
        self._owed = min(since, period[0]), max(until, period[1])

    def take_owed(self) -> Period | None:
        """What is owed, which is somebody else's debt from now on."""
        owed, self._owed = self._owed, None
        return owed

    async def close(self) -> None:
        """Publish what was asked for before."""
        await self._together.close()

    async def _publish(self, publications: Sequence[_Publication]) -> Answers[None]:
        messages: dict[str, list[Message]] = {}
        for one in publications:
            messages.setdefault(one.topic, []).extend(one.messages)
        try:
            for topic, all_of_it in messages.items():
                await self._streams.publish(topic, all_of_it)
        except BrokerUnavailable as error:
            _log.warning(
                "%d messages are not published yet: %s", sum(map(len, messages.values())), error
            )
            for one in publications:
                self.owe(one.received)
        return [None] * len(publications)
