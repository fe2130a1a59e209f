"""The real application on both sets of backends, called in process."""

from collections.abc import AsyncGenerator
from pathlib import Path

import anyio
import httpx
import pytest

from windlass.client._async.client import WindlassClient
from windlass.client.orchestration import client_for
from windlass.settings import resolve
from windlass_services.api.app import create_app
from windlass_services.api.context import ApiContext
from windlass_services.orchestration.context import ServiceContext
from windlass_services.processes.assembly import assembled
from windlass_services.runtime.loop import perform

ADDRESS = "http://windlass/api"


@pytest.fixture(params=["embedded", "servers"])
def backends(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """The settings of SQLite with memory, and of PostgreSQL with Redis."""
    if request.param == "embedded":
        return {
            "WINDLASS_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{tmp_path}/api.db",
            "WINDLASS_SERVER_BROKER_URL": "memory://",
        }
    postgres: str = request.getfixturevalue("postgres_url")
    redis: str = request.getfixturevalue("redis_url")
    return {
        "WINDLASS_SERVER_DATABASE_CONNECTION_URL": postgres,
        "WINDLASS_SERVER_BROKER_URL": redis,
    }


@pytest.fixture
async def services(backends: dict[str, str], windlass_home: Path) -> AsyncGenerator[ServiceContext]:
    """What the control plane opened."""
    settings = resolve(backends | {"WINDLASS_HOME": str(windlass_home)}, None)
    async with assembled(settings, alone=True) as opened:
        yield opened


@pytest.fixture
async def wire(services: ServiceContext) -> AsyncGenerator[httpx.ASGITransport]:
    """The way into the application, which hands out claims as long as it is open."""
    context = ApiContext.over(services)
    app = create_app(context)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(context.dispatcher.run)
        tasks.start_soon(context.task_dispatcher.run)
        tasks.start_soon(perform, context.worker_traffic.noting_duty(), services.pulse)
        yield httpx.ASGITransport(app=app)
        await context.dispatcher.drain()
        tasks.cancel_scope.cancel()


@pytest.fixture
async def api(wire: httpx.ASGITransport) -> AsyncGenerator[httpx.AsyncClient]:
    """Plain HTTP, for what the client would not send."""
    async with httpx.AsyncClient(transport=wire, base_url=ADDRESS) as client:
        yield client


@pytest.fixture
async def client(
    services: ServiceContext, wire: httpx.ASGITransport
) -> AsyncGenerator[WindlassClient]:
    """Our own client."""
    async with client_for(ADDRESS, services.settings, wire=wire) as client:
        yield client
