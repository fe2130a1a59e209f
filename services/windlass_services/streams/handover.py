"""Giving deliveries to a handler, so that a bad message costs itself only."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import anyio

from windlass_services.streams.pauses import pause
from windlass_services.streams.protocol import Delivery

Handler: TypeAlias = Callable[[list[Delivery]], Awaitable[None]]
"""Does the work of a batch; all of it or, if it raises, none that may not be done again."""

ATTEMPTS: Final = 3

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Handover:
    """A handler and what to do when it raises."""

    handler: Handler
    transient: tuple[type[Exception], ...]
    """Errors that say nothing about the messages (the database is away): wait and try again."""
    refuse: Callable[[Delivery, str], Awaitable[None]]
    """Where a message goes that no attempt could handle, with the reason."""

    async def __call__(self, deliveries: Sequence[Delivery]) -> None:
        """Return when each delivery was handled or refused.

        A batch that fails is handled one by one, in order; each message gets three attempts.
        """
        if await self._attempt(deliveries) is None:
            return
        for delivery in deliveries:
            await self._alone(delivery)

    async def _alone(self, delivery: Delivery) -> None:
        for attempt in range(ATTEMPTS):
            error = await self._attempt([delivery])
            if error is None:
                return
            if attempt == ATTEMPTS - 1:
                _log.error("Message %s failed and is set aside", _named(delivery), exc_info=error)
                await self.refuse(delivery, f"{type(error).__name__}: {error}")
            else:
                await anyio.sleep(pause(attempt))

    async def _attempt(self, deliveries: Sequence[Delivery]) -> Exception | None:
        failures = 0
        while True:
            try:
                await self.handler(list(deliveries))
            except self.transient as error:
                if not failures:
                    _log.warning("%s waits: %s", _named(deliveries[0]), error)
                await anyio.sleep(pause(failures))
                failures += 1
            except Exception as error:  # whatever it is, the caller decides by trying again
                return error
            else:
                return None


def _named(delivery: Delivery) -> str:
    return f"{delivery.message.id} ({delivery.topic}:{delivery.partition} {delivery.position})"
