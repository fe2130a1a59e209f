"""A replica keeps its partitions as long as it can renew them, and no longer."""

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from windlass.exceptions import ServerBusy
from windlass_services.orchestration.context import ServiceContext
from windlass_services.triggers.ownership import LeasedPartitions


class Away:
    """A database that does not answer."""

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[Any]:
        raise ServerBusy("away")
        yield


async def test_who_cannot_renew_lets_go(
    services: ServiceContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    database: Any = Away()
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    held = LeasedPartitions(services, "events", "recorder")
    every = await held.owned()
    assert len(every) == services.streams.partitions
    monkeypatch.setattr(held, "_services", replace(services, database=database))
    now[0] += 5
    assert await held.owned() == every
    now[0] += 2
    assert await held.owned() == frozenset()
