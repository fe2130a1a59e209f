"""Publishing what is committed, and knowing what was not published."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Final, TypeAlias

from windlass_services.streams.errors import BrokerUnavailable
from windlass_services.streams.protocol import Message, Streams

Period: TypeAlias = tuple[datetime, datetime]
"""From the first moment to the last one, both included."""

_log: Final = logging.getLogger(__name__)


class Publisher:
    """The way from a committed row to the broker. One per process.

    Consumers notice what the broker loses, and read it from the table. What never got to the
    broker they cannot notice: `owed` is what somebody has to publish again.
    """

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self._owed: Period | None = None

    async def publish(self, topic: str, messages: Sequence[Message], received: Period) -> None:
        """Publish messages of events that were received in this period. A broker that is away
        does not make it fail; whoever is cancelled owes them as well."""
        try:
            await self._streams.publish(topic, messages)
        except BaseException as error:
            self.owe(received)
            if not isinstance(error, BrokerUnavailable):
                raise
            _log.warning("%d messages are not published yet: %s", len(messages), error)

    def owe(self, period: Period) -> None:
        """Remember that events of this period may not have been published."""
        since, until = period if self._owed is None else self._owed
        self._owed = min(since, period[0]), max(until, period[1])

    def take_owed(self) -> Period | None:
        """What is owed, which is somebody else's debt from now on."""
        owed, self._owed = self._owed, None
        return owed
