"""The automations that are enabled, as this process has them: read again when any has changed."""

import time
from typing import Final

import anyio

from windlass_services.orchestration.context import ServiceContext
from windlass_services.storage.scope import Scope
from windlass_services.storage.watched_automations import (
    Fingerprint,
    read_enabled_automations,
    read_fingerprint,
)
from windlass_services.triggers.matching import Matcher, watches_of

_READ_AGAIN: Final = 60.0
"""Seconds after which all are read again: two changes may be committed in the other order."""


class WatchedAutomations:
    """What there is to evaluate. To ask for it costs one small question to the database."""

    def __init__(self, services: ServiceContext) -> None:
        self._services = services
        self._matcher = Matcher([])
        self._fingerprint: Fingerprint | None = None
        self._read = float("-inf")
        self._one_reads = anyio.Lock()

    async def current(self) -> Matcher:
        """The triggers as of now: whoever made one before sees it applied."""
        async with self._services.database.read() as connection:
            fingerprint = await read_fingerprint(connection, Scope())
        is_old = time.monotonic() - self._read > _READ_AGAIN
        if fingerprint == self._fingerprint and not is_old:
            return self._matcher
        return await self.refresh(fingerprint)

    async def refresh(self, than: Fingerprint | None = None) -> Matcher:
        """Read them again, unless they are as fresh as that already."""
        async with self._one_reads:
            is_old = time.monotonic() - self._read > _READ_AGAIN
            if than is None or than != self._fingerprint or is_old:
                async with self._services.database.read() as connection:
                    fingerprint = await read_fingerprint(connection, Scope())
                    automations = await read_enabled_automations(connection, Scope())
                self._matcher = Matcher(watches_of(automations))
                self._fingerprint = fingerprint
                self._read = time.monotonic()
            return self._matcher
