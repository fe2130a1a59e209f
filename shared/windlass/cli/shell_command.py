"""The flow that runs a command of the shell: what `windlass shell` watches and serves."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import IO, Final

from windlass.flows import flow
from windlass.logging import get_run_logger
from windlass.schemas.states import State
from windlass.states import Completed, Failed

ENTRYPOINT: Final = f"{__name__}.run_shell_command"
"""How a process of its own finds the flow."""

_SECONDS_TO_END: Final = 10.0


@flow(name="Shell Command")
def run_shell_command(command: str, log_output: bool = True, stream_stdout: bool = True) -> State:
    """Run a command of the shell; it fails where the command ends with another status than 0.

    `log_output`: what it prints is logged with the run, else it is printed. `stream_stdout`: line
    by line as it comes, else at the end.
    """
    logger = get_run_logger()
    out = logger.info if log_output else _printer(sys.stdout)
    err = logger.warning if log_output else _printer(sys.stderr)
    later: list[tuple[Callable[[str], None], str]] = []

    def take(source: IO[str], tell: Callable[[str], None]) -> None:
        for line in source:
            if stream_stdout:
                tell(line.rstrip("\n"))
            else:
                later.append((tell, line.rstrip("\n")))

    with _started(command) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        errors = Thread(target=take, args=(process.stderr, err))
        errors.start()
        take(process.stdout, out)
        errors.join()
        status = process.wait()
    for tell, line in later:
        tell(line)
    return Failed(message=f"The command exited with status {status}.") if status else Completed()


@contextmanager
def _started(command: str) -> Generator[subprocess.Popen[str]]:
    """The command in a session of its own, which is ended with the block if it has not by then."""
    process = subprocess.Popen(
        command,
        shell=True,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    with process:
        try:
            yield process
        except BaseException:
            # What the command started goes with it.
            _end(process, signal.SIGTERM)
            raise


def _end(process: subprocess.Popen[str], how: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, how)
    try:
        process.wait(_SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _printer(stream: IO[str]) -> Callable[[str], None]:
    def tell(line: str) -> None:
        stream.write(f"{line}\n")
        stream.flush()

    return tell
