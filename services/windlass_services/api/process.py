"""The API as a part of a process: HTTP, websockets, and the hand-out of claims."""

import math
import socket

import anyio

from windlass_services.api.app import create_app
from windlass_services.api.beats import beat_duty
from windlass_services.api.context import ApiContext
from windlass_services.api.serving import HttpServer, http_server
from windlass_services.api.system_blocks import install_missing_system_blocks
from windlass_services.orchestration.context import ServiceContext
from windlass_services.orchestration.dispatcher import Dispatcher
from windlass_services.runtime.loop import perform
from windlass_services.storage.scope import Scope


async def run_api(services: ServiceContext, listener: socket.socket, stop: anyio.Event) -> None:
    """Serve on `listener` until `stop` is set; then answer waiters and finish open requests."""
    context = ApiContext.over(services)
    app = create_app(context)
    settings = services.settings.server
    if settings.register_blocks_on_start:
        await install_missing_system_blocks(services.database, Scope(), now=services.clock())
    server = http_server(
        app,
        keep_alive=settings.api.keepalive_timeout,
        log_level=settings.logging_level,
        grace=math.ceil(settings.shutdown_grace_seconds),
    )
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(context.dispatcher.run)
        tasks.start_soon(context.task_dispatcher.run)
        for duty in (beat_duty(services), context.worker_traffic.noting_duty()):
            tasks.start_soon(perform, duty, services.pulse)
        tasks.start_soon(_stop_when_told, stop, context.dispatcher, server)
        await server.serve(sockets=[listener])
        tasks.cancel_scope.cancel()


async def _stop_when_told(stop: anyio.Event, dispatcher: Dispatcher, server: HttpServer) -> None:
    await stop.wait()
    await dispatcher.drain()
    server.stop()
