"""Several API processes on one address: a parent that owns the socket and keeps them running."""

import logging
import os
import signal
import socket
import sys
import time
from typing import Final

import anyio
from anyio.abc import Process

_log: Final = logging.getLogger("windlass.server")
_COUNTS_AS_STARTED: Final = 5.0
"""Seconds after which the end of a replica is an accident, and no longer a failure to start."""
_PAUSE: Final = 1.0


class Replicas:
    """Processes that serve the API on one listening socket.

    One that dies is started again: whatever it held is in the database. One that cannot even
    start ends them all, with its exit code.
    """

    def __init__(self, listener: socket.socket, count: int) -> None:
        self._listener = listener
        self._count = count
        self._running: set[Process] = set()
        self._is_stopping = False
        self._exit_code = 0

    async def run(self) -> int:
        """Serve until a signal says stop or a replica cannot start; returns the exit code."""
        watched, held = os.pipe()
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._stop_on_signal)
                async with anyio.create_task_group() as replicas:
                    for _ in range(self._count):
                        replicas.start_soon(self._keep_one, watched)
                tasks.cancel_scope.cancel()
        finally:
            os.close(held)
            os.close(watched)
        return self._exit_code

    async def _keep_one(self, watched: int) -> None:
        while not self._is_stopping:
            begun = time.monotonic()
            code = await self._serve(watched)
            if self._is_stopping:
                return
            if time.monotonic() - begun < _COUNTS_AS_STARTED:
                self._exit_code = code or 1
                self._stop()
                return
            _log.error("A replica ended with status %s; another takes its place", code)
            await anyio.sleep(_PAUSE)

    async def _serve(self, watched: int) -> int:
        descriptor = self._listener.fileno()
        process = await anyio.open_process(
            [
                *(sys.executable, "-m", "windlass_services", "api"),
                *("--fd", str(descriptor), "--watch-fd", str(watched)),
            ],
            stdin=None,
            stdout=None,
            stderr=None,
            pass_fds=(descriptor, watched),
        )
        self._running.add(process)
        if self._is_stopping:
            process.terminate()
        try:
            return await process.wait()
        finally:
            self._running.discard(process)

    async def _stop_on_signal(self) -> None:
        with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
            async for _ in signals:
                self._stop()

    def _stop(self) -> None:
        self._is_stopping = True
        for process in list(self._running):
            process.terminate()
