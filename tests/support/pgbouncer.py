"""A PgBouncer in front of a PostgreSQL: connections belong to transactions, and there are few."""

import os
import shutil
import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import pytest

from tests.support.server_keeper import Keeper, accepts, owner_of_servers, start

CONNECTIONS: Final = 3
"""To PostgreSQL, for all clients together."""
_FOLDERS: Final = "/usr/sbin:/usr/local/sbin"
_PACKAGES: Final = ("pgbouncer", "libevent-2.1-7", "libc-ares2")
"""Of Debian and its kin: the program, and the libraries that are not everywhere."""
_SETTINGS: Final = """\
[databases]
* = host={host} port={port} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {connections}
max_client_conn = 300
"""


@pytest.fixture(scope="session")
def pgbouncer() -> Generator[list[str]]:
    """The command that starts it: installed, else out of packages that are only unpacked."""
    installed = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:{_FOLDERS}")
    with TemporaryDirectory(prefix="windlass-pgbouncer-") as folder:
        Path(folder).chmod(0o755)
        command = [installed] if installed else _unpacked(Path(folder))
        if command is None:
            pytest.skip("There is no pgbouncer here, and apt-get cannot download one.")
        yield command


@contextmanager
def pooled(pgbouncer: list[str], postgres_url: str) -> Generator[str]:
    """Start one in front of a PostgreSQL; yields the URL of the same database through it."""
    parts = urlsplit(postgres_url)
    with TemporaryDirectory(prefix="windlass-pooler-") as folder:
        keeper = Keeper(Path(folder))
        keeper.folder.chmod(0o711)
        file = keeper.folder / "pgbouncer.ini"

        def command(port: int) -> list[str]:
            settings = {
                "host": parts.hostname,
                "port": parts.port or 5432,
                "user": parts.username,
                "own_port": port,
                "connections": CONNECTIONS,
            }
            file.write_text(_SETTINGS.format(**settings))
            return [*pgbouncer, str(file)]

        with keeper.running:
            log = keeper.folder / "log"
            port = start(keeper, command, owner_of_servers(), log, accepts, signal.SIGTERM)
            yield urlunsplit(parts._replace(netloc=f"{parts.username}@127.0.0.1:{port}"))


def _unpacked(folder: Path) -> list[str] | None:
    """The program and its libraries below the folder; None where there is no apt, or no package."""
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        return None
    cache = Path.home() / ".cache" / "windlass-tests"
    cache.mkdir(parents=True, exist_ok=True)
    for package in _PACKAGES:
        if not any(cache.glob(f"{package}_*.deb")):
            _quiet(["apt-get", "download", package], cache)
        for file in cache.glob(f"{package}_*.deb"):
            _quiet(["dpkg", "-x", str(file), str(folder)], cache)
    program = folder / "usr" / "sbin" / "pgbouncer"
    libraries = [str(path) for path in folder.glob("usr/lib/*-linux-gnu")]
    command = ["env", f"LD_LIBRARY_PATH={':'.join(libraries)}", str(program)]
    return command if program.exists() and _quiet([*command, "--version"], folder) else None


def _quiet(command: list[str], folder: Path) -> bool:
    """Run it in the folder; whether it succeeded."""
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=60, check=False)
    return done.returncode == 0
