"""The `windlass` command, in the process of the test or in one of its own."""

import io
import json
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Generator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from windlass.cli.main import run


@dataclass(frozen=True, slots=True)
class Said:
    """What a command said, and the status that it exited with."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The standard output, read."""
        return json.loads(self.out)


def windlass(*arguments: str, typed: str = "") -> Said:
    """Run the command with these arguments; `typed` is its standard input, and no terminal."""
    out, err = (_Stream(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    stdin, show = sys.stdin, warnings.showwarning
    sys.stdin = io.StringIO(typed)
    try:
        with redirect_stdout(out), redirect_stderr(err):
            run(list(arguments))
    except SystemExit as end:
        return Said(int(end.code or 0), out.text(), err.text())
    finally:
        sys.stdin, warnings.showwarning = stdin, show
    raise AssertionError("the command returned, where it should have exited")


def done(*arguments: str, typed: str = "") -> Said:
    """The same, where the command is expected to succeed."""
    said = windlass(*arguments, typed=typed)
    assert said.code == 0, f"`windlass {' '.join(arguments)}` exited with {said}"
    return said


class _Stream(io.TextIOWrapper):
    def text(self) -> str:
        """Everything that was written."""
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue().decode()


@dataclass(frozen=True, slots=True)
class CommandProcess:
    """The command as a process of its own; what it prints goes to `log`."""

    running: subprocess.Popen[bytes]
    log: Path

    def said(self, words: str) -> bool:
        """Whether it printed this."""
        return words in self.log.read_text(errors="replace")

    def interrupt(self) -> int:
        """Ctrl+C; its exit status."""
        self.running.send_signal(signal.SIGINT)
        return self.running.wait(20)


@contextmanager
def windlass_process(log: Path, *arguments: str, **settings: str) -> Generator[CommandProcess]:
    """Start the command with these settings in the environment; it is ended with the block."""
    with python_process(log, "-m", "windlass", *arguments, **settings) as process:
        yield process


@contextmanager
def python_process(log: Path, *arguments: str, **settings: str) -> Generator[CommandProcess]:
    """The same for a program in Python."""
    with log.open("wb") as output:
        running = subprocess.Popen(
            [sys.executable, *arguments],
            env={**os.environ, **settings},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    process = CommandProcess(running, log)
    try:
        yield process
    finally:
        if running.poll() is None:
            running.terminate()
            running.wait(20)
