"""Every worker type, and every way of starting runs that it has."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.conformance.workers.harnesses import Executed, Forked, Harness, Scripted
from windlass_workers.contract import Worker, WorksInBackground


@pytest.fixture(params=["process-executed", "process-forked", "scripted"])
def harness(request: pytest.FixtureRequest, tmp_path: Path) -> Harness:
    match request.param:
        case "process-executed":
            return Executed(tmp_path)
        case "process-forked":
            return Forked(tmp_path)
        case _:
            return Scripted()


@pytest.fixture
async def worker(harness: Harness) -> AsyncIterator[Worker[Any]]:
    """A worker at work, as it is in an agent."""
    made = harness.make()
    async with anyio.create_task_group() as background:
        if isinstance(made, WorksInBackground):
            await background.start(made.work)
        yield made
        background.cancel_scope.cancel()
