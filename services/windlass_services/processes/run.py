"""Run services until a signal says stop: take no new work, finish what runs, close, exit 0."""

import asyncio
import gc
import logging
import os
import signal
from contextlib import suppress
from threading import Thread
from typing import Final

import anyio
from anyio.abc import TaskGroup

from windlass.settings import Settings
from windlass_services.api.process import run_api
from windlass_services.api.serving import http_server
from windlass_services.events.publishing import publishing
from windlass_services.orchestration.context import ServiceContext
from windlass_services.processes.assembly import assembled
from windlass_services.processes.common_clock import clock_duty
from windlass_services.processes.membership import membership
from windlass_services.processes.plan import Plan, Service
from windlass_services.runtime.loop import perform
from windlass_services.runtime.probe_app import ProbeApp
from windlass_services.scheduler.process import run_scheduler
from windlass_services.triggers.process import run_triggers

_log: Final = logging.getLogger("windlass.server")
_YOUNG_OBJECTS: Final = 20_000
"""New objects between two collections: a batch of events makes thousands, and no cycles."""


async def run(plan: Plan, settings: Settings) -> None:
    """Open everything, run the services of the plan, and close everything in order.

    A loop that ends with an error ends the process: an orchestrator of processes restarts it, a
    half-dead one would go unnoticed.
    """
    stop = anyio.Event()
    async with (
        assembled(settings, alone=plan.is_alone) as services,
        membership(services),
        publishing(services),
        anyio.create_task_group() as background,
    ):
        background.start_soon(_stop_on_signal, stop)
        if plan.watch_fd is not None:
            _stop_with_parent(plan.watch_fd, stop)
        background.start_soon(_run_loops, plan, services, stop)
        _settle_memory()
        _log.info("Serving %s", ", ".join(sorted(plan.services)))
        if Service.API in plan.services:
            await run_api(services, plan.listener, stop)
        else:
            await _serve_probes(services, plan, stop)
        background.cancel_scope.cancel()


def _settle_memory() -> None:
    """What is loaded by now stays: keep the collector from walking over it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, *gc.get_threshold()[1:])


async def _run_loops(plan: Plan, services: ServiceContext, stop: anyio.Event) -> None:
    """Until `stop` is set: then the loops end what they are at, while the API does the same."""
    async with anyio.create_task_group() as loops:
        _start_loops(plan, services, loops)
        await stop.wait()
        loops.cancel_scope.cancel()


def _start_loops(plan: Plan, services: ServiceContext, loops: TaskGroup) -> None:
    if (duty := clock_duty(services)) is not None:
        loops.start_soon(perform, duty, services.pulse)
    if Service.SCHEDULER in plan.services:
        loops.start_soon(run_scheduler, services)
    if Service.TRIGGERS in plan.services:
        loops.start_soon(run_triggers, services)


async def _serve_probes(services: ServiceContext, plan: Plan, stop: anyio.Event) -> None:
    dependencies = {"database": services.database.ping, "broker": services.streams.ping}
    server = http_server(
        ProbeApp(services.pulse, dependencies), keep_alive=5, log_level="warning", grace=1
    )

    async def stop_when_told() -> None:
        await stop.wait()
        server.stop()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(stop_when_told)
        await server.serve(sockets=[plan.listener])
        tasks.cancel_scope.cancel()


async def _stop_on_signal(stop: anyio.Event) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for number in signals:
            if stop.is_set():
                os._exit(128 + number)
            _log.info("Stopping on %s", signal.Signals(number).name)
            stop.set()


def _stop_with_parent(descriptor: int, stop: anyio.Event) -> None:
    # In a thread that reads, and not by the event loop: an end that the loop was not told of would
    # leave a server running that belongs to nobody. A daemon, since a thread of the pool that still
    # reads would keep a process that was stopped by a signal from ending.
    loop = asyncio.get_running_loop()

    def watch() -> None:
        while os.read(descriptor, 4096):
            pass
        with suppress(RuntimeError):  # the loop is closed: the process ends already
            loop.call_soon_threadsafe(stop.set)

    Thread(target=watch, name="watch the parent", daemon=True).start()
