"""Tries Windlass on the newest Python of this machine, in an environment that is thrown away."""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scripts.sync_environment import PROJECT, sync_project

OLDEST: Final = (3, 11)
PROBE: Final = """
import sys, sysconfig
good = (
    sys.implementation.name == "cpython"
    and sys.version_info.releaselevel == "final"
    and not sysconfig.get_config_var("Py_GIL_DISABLED")
)
print(*sys.version_info[:3] if good else (0, 0, 0), sys.executable)
"""
NAME: Final = re.compile(r"python3(\.\d+)?")
MANAGED: Final = (
    ".pyenv/versions/*/bin",
    ".local/share/uv/python/*/bin",
    ".asdf/installs/python/*/bin",
    ".local/share/mise/installs/python/*/bin",
)


@dataclass(frozen=True, slots=True, order=True)
class Interpreter:
    """A Python that runs: ordered by its version."""

    version: tuple[int, int, int]
    path: Path


def main() -> int:
    newest = max(interpreters(candidates()))
    print(f"Smoke on Python {'.'.join(map(str, newest.version))} ({newest.path})", flush=True)
    with tempfile.TemporaryDirectory(prefix="windlass-smoke-") as folder:
        environment = Path(folder)
        try:
            _run(newest.path, "-m", "venv", "--without-pip", folder)
            sync_project(environment, ["test"])
            for command in smokes():
                _run(environment / "bin" / command[0], *command[1:])
        except subprocess.CalledProcessError as error:
            print(f"The smoke failed: {error}", file=sys.stderr)
            return 1
    return 0


def candidates() -> Iterator[Path]:
    """Every program that may be a Python 3: on PATH, and where version managers keep theirs."""
    folders = [Path(folder) for folder in os.get_exec_path()]
    for pattern in MANAGED:
        folders += Path.home().glob(pattern)
    for folder in folders:
        yield from (path for path in folder.glob("python3*") if NAME.fullmatch(path.name))


def interpreters(programs: Iterable[Path]) -> Iterator[Interpreter]:
    """Those programs that run, as final releases of CPython that Windlass supports."""
    for program in {path.resolve(): path for path in programs}.values():
        # A launcher of a version manager may be there and still not run.
        done = subprocess.run(
            [str(program), "-c", PROBE], capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            major, minor, micro, executable = done.stdout.split(maxsplit=3)
            version = int(major), int(minor), int(micro)
            if version >= OLDEST:
                yield Interpreter(version, Path(executable.strip()))


def smokes() -> Iterator[tuple[str, ...]]:
    """What must work there."""
    yield "python", "-W", "error", "-c", "import windlass, windlass_services, windlass_workers"
    if (PROJECT / "shared/windlass/__main__.py").exists():
        yield "windlass", "--version"
    if (PROJECT / "tests/fundamentals").exists():
        yield "python", "-m", "pytest", "-q", "tests/fundamentals"


def _run(program: Path, *arguments: str) -> None:
    subprocess.run([str(program), *arguments], cwd=PROJECT, check=True)


if __name__ == "__main__":
    sys.exit(main())
