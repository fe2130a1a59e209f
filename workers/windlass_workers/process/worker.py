"""The worker type `process`."""

import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import ClassVar, Final

from anyio import to_thread
from anyio.abc import TaskStatus

from windlass.reporting.folders import spool_folder
from windlass.schemas.executions import Handle
from windlass.settings import get_current_settings
from windlass_workers.contract import Exit, RunSpec, StartFailed, Unreachable, Vanished
from windlass_workers.process.directories import (
    claim_as_json,
    make_directory,
    remove_directory,
    write_claim,
)
from windlass_workers.process.exits import exit_from_code
from windlass_workers.process.fork_server.client import ForkServer, ForkServerGone
from windlass_workers.process.fork_server.messages import encode_job
from windlass_workers.process.launching import (
    can_fork,
    command_of,
    environment_of,
    marker_of,
    with_claim_file,
)
from windlass_workers.process.machines import machine_of, this_machine
from windlass_workers.process.processes import (
    HAS_PROC,
    Known,
    is_alive,
    know,
    oom_kills,
    until_over,
)
from windlass_workers.process.stopping import stop_family
from windlass_workers.process.variables import ProcessVariables

_TRY_AGAIN: Final = timedelta(seconds=10)


class ProcessWorker:
    """Starts each run as a process of this machine: forked where it can be, executed elsewhere."""

    kind: ClassVar[str] = "process"
    handle_version: ClassVar[int] = 1

    def __init__(self) -> None:
        self._fork_server = ForkServer() if HAS_PROC else None
        self._executed: dict[Known, subprocess.Popen[bytes]] = {}
        self._spools = spool_folder(get_current_settings())
        self._machine = this_machine()

    @property
    def place(self) -> str | None:
        return self._machine.hostname

    @classmethod
    def variables(cls) -> type[ProcessVariables]:
        return ProcessVariables

    async def work(self, *, task_status: TaskStatus[None]) -> None:
        if self._fork_server is None:
            task_status.started()
        else:
            await self._fork_server.work(task_status=task_status)

    async def start(self, spec: RunSpec, variables: ProcessVariables) -> Handle:
        directory = make_directory()
        try:
            where = _working_directory(variables.working_dir, directory)
            with _output(stream=variables.stream_output) as (output, errors):
                process = await self._start(spec, directory, where, (output, errors))
        except BaseException:
            remove_directory(str(directory))
            raise
        return self._handle(spec, process, directory)

    async def wait(self, handle: Handle) -> Exit:
        there = machine_of(handle)
        if not self._machine.can_see(there):
            raise Vanished(f"The process of the run is on {there.hostname}, not here.")
        try:
            if not self._machine.is_still(there):
                raise Vanished("The process of the run is gone: the machine was started again.")
            code = await self._exit_code(_process_of(handle))
        except Vanished:
            await to_thread.run_sync(remove_directory, handle.data["directory"])
            raise
        await to_thread.run_sync(remove_directory, handle.data["directory"])
        if code is None:
            return Exit(None, "The process of the run ended unseen: its exit status is not known.")
        killed_for_memory = (oom_kills() or 0) > (handle.data["oom_kills"] or 0)
        return exit_from_code(code, was_out_of_memory=killed_for_memory)

    async def stop(self, handle: Handle, grace: timedelta) -> None:
        there = machine_of(handle)
        if not self._machine.can_see(there):
            raise Unreachable(f"The process of the run is on {there.hostname}, not here.")
        if self._machine.is_still(there):
            process = _process_of(handle)
            marker = marker_of(handle.data["execution_id"])
            has_number = self._watches(process) or _is_surely_alive(process)
            await stop_family(process, marker, grace, has_number=has_number)

    def _watches(self, process: Known) -> bool:
        """Whether this object started it: its number is not given away before its end is told."""
        forked = self._fork_server is not None and self._fork_server.has(process)
        return forked or process in self._executed

    async def _start(
        self, spec: RunSpec, directory: Path, where: Path, streams: tuple[int, int]
    ) -> Known:
        environment = environment_of(spec, os.environ, self._spools)
        try:
            if self._fork_server is not None and can_fork(spec, os.environ):
                job = encode_job(claim_as_json(spec.claimed), environment, str(where))
                try:
                    return await self._fork_server.fork(job, *streams)
                except ForkServerGone:
                    pass  # by exec it works as well, only slower
            claim = write_claim(directory, spec.claimed)
            environment = with_claim_file(environment, str(claim))
            return self._execute(command_of(spec), environment, where, streams)
        except BlockingIOError as error:
            raise StartFailed(
                f"This machine cannot start another process now ({error}).", retry_in=_TRY_AGAIN
            ) from error
        except (OSError, ValueError) as error:
            raise StartFailed(f"The process of the run could not be started: {error}.") from error

    def _execute(
        self,
        command: list[str],
        environment: dict[str, str],
        where: Path,
        streams: tuple[int, int],
    ) -> Known:
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=where,
            stdin=subprocess.DEVNULL,
            stdout=streams[0],
            stderr=streams[1],
            start_new_session=True,
        )
        known = know(process.pid)
        self._executed[known] = process
        return known

    async def _exit_code(self, process: Known) -> int | None:
        """None when it is not ours. Raises Vanished when it is gone already, and was not ours."""
        if process in self._executed:
            await until_over(process)
            return self._executed.pop(process).wait()
        if self._fork_server is not None and self._fork_server.has(process):
            status = await self._fork_server.wait(process)
            return None if status is None else os.waitstatus_to_exitcode(status)
        if not is_alive(process):
            raise Vanished("The process of the run is gone: it ended while no worker looked on.")
        await until_over(process)
        return None

    def _handle(self, spec: RunSpec, process: Known, directory: Path) -> Handle:
        data = {
            "infrastructure_pid": f"{self._machine.hostname}:{process.pid}",
            **self._machine.as_json(),
            "pid": process.pid,
            "start_time": process.start_time,
            "execution_id": spec.claimed.execution_id,
            "directory": str(directory),
            "oom_kills": oom_kills(),
        }
        return Handle(kind=self.kind, version=self.handle_version, data=data, place=self.place)


def _process_of(handle: Handle) -> Known:
    return Known(handle.data["pid"], handle.data["start_time"])


def _is_surely_alive(process: Known) -> bool:
    """Whether it is this very process, as far as the machine lets that be known."""
    return is_alive(process) and not (HAS_PROC and process.start_time is None)


def _working_directory(asked: Path | None, own: Path) -> Path:
    if asked is None:
        return own / "work"
    if not asked.is_dir():
        raise StartFailed(
            f"The working directory {asked} is not there. Make it on the machine of the worker, or"
            " change the job variable `working_dir`."
        )
    return asked


@contextmanager
def _output(*, stream: bool) -> Generator[tuple[int, int]]:
    """Where a run writes to. Its own copy of our output, so that it can go on without us."""
    if stream:
        yield 1, 2
        return
    with open(os.devnull, "wb") as nowhere:
        yield nowhere.fileno(), nowhere.fileno()
