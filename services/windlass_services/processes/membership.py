"""A broker in memory serves one process: others over the same PostgreSQL are told so, and end."""

import logging
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import anyio

from windlass.exceptions import ReplicaRefused, ServerBusy
from windlass.ids import uuid7
from windlass_services.orchestration.context import ServiceContext
from windlass_services.processes.assembly import BROKER_OF_ONE
from windlass_services.runtime.loop import Duty, perform
from windlass_services.storage import broker_members

_log: Final = logging.getLogger("windlass.server")
BEAT: Final = timedelta(seconds=5)
_BEATS_TO_LIVE: Final = 3
"""Silent for as many, a process is taken for dead."""
_LOOKS_PER_BEAT: Final = 4
_LAST_WORD: Final = 3.0
_TAKEN: Final = (
    "A process with a broker in memory serves this database, and knows nothing of other brokers."
    " Stop it, or set WINDLASS_SERVER_BROKER_URL there to what it is here."
)
_PASSED_OVER: Final = "This process was silent for so long that another one took its place."


@asynccontextmanager
async def membership(services: ServiceContext, *, beat: timedelta = BEAT) -> AsyncGenerator[None]:
    """Around all that a process does over PostgreSQL.

    Raises `ReplicaRefused` while another process runs and either has its broker in memory. One that
    was killed is in the way for three beats at most, and nobody's clock counts: it is watched.
    """
    if services.database.dialect == "sqlite":  # its file is locked by the one process
        yield
        return
    member = _Member(services, beat)
    await member.enter()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(perform, Duty("broker-beat", beat, member.renew), services.pulse)
        tasks.start_soon(member.end_if_passed_over)
        yield
        tasks.cancel_scope.cancel()
    with suppress(OSError, ServerBusy), anyio.move_on_after(_LAST_WORD, shield=True):
        await member.leave()


class _Member:
    def __init__(self, services: ServiceContext, beat: timedelta) -> None:
        self._id = uuid7()
        self._services = services
        self._beat = beat.total_seconds()
        self._is_passed_over = anyio.Event()

    async def enter(self) -> None:
        seen: dict[UUID, datetime] = {}
        patience = time.monotonic() + self._beat * _BEATS_TO_LIVE
        while True:
            is_over = time.monotonic() >= patience
            others = await self._try_to_enter(dead=seen if is_over else {})
            if not others:
                return
            if seen and others.items() - seen.items():  # another beat, or another process
                raise ReplicaRefused(self._reason())
            if not seen:
                _log.warning("Another process serves this database. Waiting if it is dead")
                seen = others
            await anyio.sleep(self._beat / _LOOKS_PER_BEAT)

    async def renew(self) -> int:
        async with self._services.database.write() as connection:
            if await broker_members.renew(connection, self._id, now=self._services.clock()):
                return 1
        # Passed over, or the tables were made anew.
        if await self._try_to_enter(dead={}):
            self._is_passed_over.set()
        return 1

    async def end_if_passed_over(self) -> None:
        await self._is_passed_over.wait()
        raise ReplicaRefused(f"{_PASSED_OVER} {self._reason()}")

    async def leave(self) -> None:
        async with self._services.database.write() as connection:
            await broker_members.leave(connection, self._id)

    async def _try_to_enter(self, *, dead: Mapping[UUID, datetime]) -> dict[UUID, datetime]:
        async with self._services.database.write() as connection:
            return await broker_members.enter(
                connection,
                self._id,
                shared=self._services.streams.replicated,
                dead=dead,
                now=self._services.clock(),
            )

    def _reason(self) -> str:
        return _TAKEN if self._services.streams.replicated else BROKER_OF_ONE
