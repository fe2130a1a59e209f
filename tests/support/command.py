"""The `windlass` command in the process of the test: what it says, and how it exits."""

import io
import json
import sys
import warnings
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
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
