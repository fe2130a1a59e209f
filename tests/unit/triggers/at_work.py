"""The triggers service while a test looks at what it does."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio

from windlass_services.orchestration.context import ServiceContext
from windlass_services.triggers.process import run_triggers


@asynccontextmanager
async def triggers(services: ServiceContext) -> AsyncGenerator[None]:
    """The service at work."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run_triggers, services)
        yield
        tasks.cancel_scope.cancel()
