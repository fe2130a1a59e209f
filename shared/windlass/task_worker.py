"""Public: `serve` and `TaskWorker`, a process that runs background tasks."""

import asyncio
import concurrent.futures
import contextvars
import logging
import os
import signal
import socket
import threading
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from math import inf
from typing import Final, TypeAlias
from uuid import UUID, uuid4

import anyio
from anyio import CapacityLimiter, to_thread
from anyio.abc import TaskGroup
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from windlass.clock import utc_now
from windlass.context import RunScope, entered
from windlass.definitions import TaskDefinition
from windlass.dispatch import dispatched
from windlass.engine.deferral import begin_deferred, read_call, refuse_deferred
from windlass.engine.drivers import drive, drive_async
from windlass.engine.loop_thread import LoopThread
from windlass.engine.process import current_session
from windlass.engine.session import Session
from windlass.engine.task_run import task_run
from windlass.events.streams import http_to_ws, raise_refusal, subscribed
from windlass.exceptions import ConfigurationError
from windlass.schemas.base import JsonObject
from windlass.schemas.task_runs import TaskRun
from windlass.settings import get_current_settings
from windlass.utilities.json_server import serve_json

_PATH: Final = "/task_runs/subscriptions/scheduled"
_LONGEST_PAUSE: Final = 5.0
_Error: TypeAlias = BaseException | None
_log: Final = logging.getLogger("windlass.task_worker")


class StopTaskWorker(Exception):
    """Raised by a task to stop the worker that runs it, once its other runs have ended."""


def serve(
    *tasks: TaskDefinition,
    limit: int | None = 10,
    status_server_port: int | None = None,
    timeout: float | None = None,
) -> None:
    """Run what is scheduled by `delay` of these tasks, up to `limit` at once (None: any number).

    Returns after SIGINT or SIGTERM, or `timeout` seconds, when the runs that were begun have
    ended. With a `status_server_port`, `GET /status` there tells about the worker.
    """
    worker = TaskWorker(*tasks, limit=limit)

    async def start() -> None:
        await worker.aserve(status_server_port=status_server_port, timeout=timeout)

    asyncio.run(start())


class TaskWorker:
    """Takes runs of some tasks that were scheduled by `delay`, and runs them in this process.

    Tasks with plain functions run on threads, those with coroutine functions on one event loop of
    their own: whatever they do, the worker is heard of.
    """

    def __init__(self, *tasks: TaskDefinition, limit: int | None = 10) -> None:
        if not tasks:
            raise ConfigurationError("A task worker needs at least one task to serve.")
        if limit is not None and limit < 1:
            raise ConfigurationError(f"`limit` has to be 1 or more, not {limit}.")
        self.tasks = tasks
        self.limit = limit
        self.client_id = f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}"
        self.started_at: datetime | None = None
        self._by_key = {task.task_key: task for task in tasks}
        self._running: set[UUID] = set()
        self._unconfirmed: set[UUID] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task_loop: LoopThread | None = None
        self._slots = CapacityLimiter(limit or inf)
        self._stopping, self._took_last = anyio.Event(), anyio.Event()
        self._taking: anyio.CancelScope | None = None

    @property
    def started(self) -> bool:
        """Whether it was started, and has not stopped yet."""
        return self._loop is not None

    @property
    def current_tasks(self) -> int:
        """How many runs are under way."""
        return len(self._running)

    @property
    def available_tasks(self) -> int | None:
        """How many more runs it would take now; None if any number."""
        return None if self.limit is None else self.limit - self.current_tasks

    async def astart(self, timeout: float | None = None) -> None:
        """Take and run until `stop`, SIGINT, SIGTERM or `timeout` seconds; finish what runs."""
        await self.aserve(timeout=timeout)

    start = dispatched(astart)

    def stop(self) -> None:
        """Take no more runs: `start` returns when those under way have ended. From any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)

    async def aserve(
        self, *, status_server_port: int | None = None, timeout: float | None = None
    ) -> None:
        """As `astart`, with an endpoint of status if it has a port."""
        session = await to_thread.run_sync(current_session)
        self._loop = asyncio.get_running_loop()
        self._stopping, self._took_last = anyio.Event(), anyio.Event()
        self.started_at = utc_now()
        try:
            async with anyio.create_task_group() as background:
                if threading.current_thread() is threading.main_thread():
                    background.start_soon(self._stop_on_signal)
                if status_server_port is not None:
                    serving = partial(serve_json, "0.0.0.0", status_server_port, "/status")
                    background.start_soon(serving, self.status)
                async with anyio.create_task_group() as runs:
                    background.start_soon(self._stay_subscribed, session, runs)
                    with anyio.move_on_after(timeout):
                        await self._stopping.wait()
                    self._stop_taking()
                    await self._took_last.wait()
                    _log.info("Taking no more runs; %d are under way", self.current_tasks)
                background.cancel_scope.cancel()
            await to_thread.run_sync(session.outbox.drain, session.drain_seconds)
        finally:
            self._loop = None
            if self._task_loop is not None:
                self._task_loop.close(wait=False)
                self._task_loop = None

    async def execute_task_run(self, run: TaskRun) -> None:
        """Run what was taken, to its end, which is reported."""
        session = await to_thread.run_sync(current_session)
        self._running.add(run.id)
        try:
            await self._execute(run, session)
        finally:
            self._running.discard(run.id)

    def handle_sigterm(self, signum: int, frame: object) -> None:
        """A handler of signals that stops the worker."""
        del signum, frame
        self.stop()

    def status(self) -> JsonObject:
        """What the endpoint of status answers."""
        return {
            "client_id": self.client_id,
            "started_at": self.started_at and self.started_at.isoformat(),
            "limit": self.limit,
            "current_tasks": self.current_tasks,
            "available_tasks": self.available_tasks,
            "tasks": [task.name for task in self.tasks],
        }

    async def _stop_on_signal(self) -> None:
        """The first signal stops politely; the next one finds its usual handler again."""
        with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
            async for _ in signals:
                self.stop()
                return

    async def _stay_subscribed(self, session: Session, runs: TaskGroup) -> None:
        """Until cancelled, over one connection after the other.

        Also while nothing more is taken: a worker that is not there loses what it has.
        """
        pause = 0.1
        while True:
            try:
                connection = await self._subscribed(session)
                async with connection:
                    _log.info("Task worker %s serves %s", self.client_id, list(self._by_key))
                    pause = 0.1
                    await self._take_runs(connection, session, runs)
                    await connection.wait_closed()
            except (OSError, InvalidHandshake, ConnectionClosed) as error:
                raise_refusal(error)
                _log.warning("The task worker has no connection, and tries again: %s", error)
            await anyio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _take_runs(
        self, connection: ClientConnection, session: Session, runs: TaskGroup
    ) -> None:
        """Until the worker stops or the connection is lost."""
        try:
            with anyio.CancelScope() as self._taking:
                while not self._stopping.is_set():
                    await self._take_one(connection, session, runs)
        finally:
            self._taking = None
            if self._stopping.is_set():
                self._took_last.set()

    def _stop_taking(self) -> None:
        self._stopping.set()
        if self._taking is None:
            self._took_last.set()
        else:
            self._taking.cancel()

    async def _subscribed(self, session: Session) -> ClientConnection:
        url = http_to_ws(session.orchestration.api_url) + _PATH
        unconfirmed = list(self._unconfirmed)
        connection = await subscribed(
            url,
            get_current_settings(),
            {
                "type": "subscribe",
                "keys": list(self._by_key),
                "client_id": self.client_id,
                "paced": True,
                "unconfirmed": [str(id) for id in unconfirmed],
            },
        )
        self._unconfirmed.difference_update(unconfirmed)
        return connection

    async def _take_one(
        self,
        connection: ClientConnection,
        session: Session,
        runs: TaskGroup,
    ) -> None:
        """Wait for a free slot, then for a run, and begin it."""
        slot, slots = object(), self._slots
        await slots.acquire_on_behalf_of(slot)
        try:
            run = await self._taken(connection)
        except BaseException:
            slots.release_on_behalf_of(slot)
            raise
        if run is None:
            slots.release_on_behalf_of(slot)
        else:
            self._running.add(run.id)
            runs.start_soon(self._execute_in, slot, run, session)

    async def _taken(self, connection: ClientConnection) -> TaskRun | None:
        """The next run, once the server confirmed that it is ours; None when it is not."""
        await connection.send('{"type":"ready"}')
        run = TaskRun.model_validate_json(await connection.recv())
        self._unconfirmed.add(run.id)
        # Once the acknowledgement is out, only the answer tells whose the run is.
        answer: str | bytes = ""
        with anyio.CancelScope(shield=True):
            await connection.send('{"type":"ack"}')
            answer = await connection.recv()
        self._unconfirmed.discard(run.id)
        return run if "confirmed" in str(answer) else None

    async def _execute_in(self, slot: object, run: TaskRun, session: Session) -> None:
        try:
            await self._execute(run, session)
        except StopTaskWorker:
            self.stop()
        except Exception:
            _log.exception("The task run %r could not be carried out", run.name)
        finally:
            self._running.discard(run.id)
            self._slots.release_on_behalf_of(slot)

    async def _execute(self, run: TaskRun, session: Session) -> None:
        task = self._by_key[run.task_key]
        _log.info("Running %r", run.name)
        if task.isasync:
            error = await self._on_loop(partial(_run_async, task, run, session))
        else:
            limiter = CapacityLimiter(1)  # the slot is what limits
            error = await to_thread.run_sync(_run, task, run, session, limiter=limiter)
        if isinstance(error, StopTaskWorker):
            raise error

    async def _on_loop(self, run: Callable[[], Awaitable[_Error]]) -> _Error:
        """What `run` returns, on the event loop of the tasks."""
        finished: concurrent.futures.Future[_Error] = concurrent.futures.Future()

        async def finish() -> None:
            try:
                finished.set_result(await run())
            except BaseException as error:
                finished.set_exception(error)

        self._task_loop = self._task_loop or LoopThread(None)
        self._task_loop.start(finish, contextvars.copy_context())
        return await asyncio.wrap_future(finished)


def _run(task: TaskDefinition, run: TaskRun, session: Session) -> _Error:
    """Run it on this thread; the error that it ended with."""
    with entered(RunScope()):
        try:
            call = read_call(run)
        except Exception as error:
            drive(refuse_deferred(run, error), session)
            return None
        begun = drive(begin_deferred(task, run, call, session), session)
        return drive(task_run(begun, session), session).error


async def _run_async(task: TaskDefinition, run: TaskRun, session: Session) -> _Error:
    """The same on this event loop."""
    with entered(RunScope()):
        try:
            call = await to_thread.run_sync(read_call, run)
        except Exception as error:
            drive(refuse_deferred(run, error), session)
            return None
        begun = await drive_async(begin_deferred(task, run, call, session), session)
        return (await drive_async(task_run(begun, session), session)).error
