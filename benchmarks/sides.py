"""The two sides of a comparison: how each is installed, started and asked."""

import os
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.machine import free_port, is_healthy

ROOT: Final = Path(__file__).resolve().parent.parent
_PATIENCE: Final = 120.0


@dataclass(frozen=True, slots=True)
class Side:
    """Windlass, or the reference. Everything that differs between the two is said here."""

    name: str
    module: str
    python: Path
    command: Path
    prefix: str
    """Of environment variables."""
    server_arguments: tuple[str, ...]
    database_variable: str
    extra: dict[str, str] = field(default_factory=dict[str, str])

    def environment(self, home: Path, url: str | None = None, **more: str) -> dict[str, str]:
        """The environment of a process of this side: nothing of the caller's settings."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("WINDLASS_", "PREFECT_"))
        }
        own = {f"{self.prefix}HOME": str(home), "BENCH_SDK": self.module} | self.extra
        if url is not None:
            own[f"{self.prefix}API_URL"] = url
        return kept | own | more

    def server_command(self, port: int) -> list[str]:
        """The command that starts a whole server."""
        return [
            *(str(self.command), "server", "start", "--host", "127.0.0.1", "--port", str(port)),
            *self.server_arguments,
        ]

    @contextmanager
    def server(self, home: Path, **environment: str) -> Generator["RunningServer"]:
        """A server of this side, healthy; stopped when the block ends."""
        with self._serving(home, (), environment) as running:
            yield running

    @contextmanager
    def api(self, home: Path, **environment: str) -> Generator["RunningServer"]:
        """The same without the background services."""
        with self._serving(home, ("--no-services",), environment) as running:
            yield running

    @contextmanager
    def _serving(
        self, home: Path, arguments: tuple[str, ...], environment: dict[str, str]
    ) -> Generator["RunningServer"]:
        port = free_port()
        begun = time.perf_counter()
        command = [*self.server_command(port), *arguments]
        process = self._started(home, "server", command, environment)
        url = f"http://127.0.0.1:{port}/api"
        try:
            while not is_healthy(url):
                if process.poll() is not None or time.perf_counter() - begun > _PATIENCE:
                    raise RuntimeError(
                        f"The server of {self.name} did not start: {home}/server.log"
                    )
                time.sleep(0.01)
            yield RunningServer(url, process.pid, time.perf_counter() - begun)
        finally:
            stopped(process)

    @contextmanager
    def services(self, home: Path, *names: str, **environment: str) -> Generator["RunningServices"]:
        """The background services of this side, or those of these names where they can be told
        apart, in a process of their own that has just been started."""
        port = free_port()
        command = [str(self.command), "server", "services", "start"]
        if self.module == "windlass":
            command += [*names, "--host", "127.0.0.1", "--port", str(port)]
        process = self._started(home, "-".join(("services", *names)), command, environment)
        try:
            yield RunningServices(f"http://127.0.0.1:{port}", process.pid)
            if process.poll() is not None:
                raise RuntimeError(f"The services of {self.name} ended: {home}/services*.log")
        finally:
            stopped(process)

    def _started(
        self, home: Path, name: str, command: list[str], environment: dict[str, str]
    ) -> "subprocess.Popen[bytes]":
        with (home / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                command,
                env=self.environment(home, **environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


@dataclass(frozen=True, slots=True)
class RunningServices:
    """Where the probes and metrics of background services are, where they have any."""

    url: str
    pid: int


@dataclass(frozen=True, slots=True)
class RunningServer:
    """Where a server is, and how long it took to become healthy, in seconds."""

    url: str
    pid: int
    started_in: float


def stopped(process: "subprocess.Popen[bytes]") -> None:
    """End a process: asked first, then made to. The reference does not always hear the request."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def windlass() -> Side:
    """This checkout, in the environment that runs the benchmark."""
    here = Path(sys.executable).parent
    return Side(
        name="Windlass",
        module="windlass",
        python=Path(sys.executable),
        command=here / "windlass",
        prefix="WINDLASS_",
        server_arguments=(),
        database_variable="WINDLASS_SERVER_DATABASE_CONNECTION_URL",
    )


def reference() -> Side:
    """Stock Prefect 3.6.7, from PyPI, hash-locked, in an environment of its own."""
    there = ROOT / ".venv-compat/bin"
    if not (there / "prefect").exists():
        raise SystemExit("The reference is not installed: run `make compat-env` first.")
    return Side(
        name="Prefect 3.6.7",
        module="prefect",
        python=there / "python",
        command=there / "prefect",
        prefix="PREFECT_",
        server_arguments=("--no-ui",),
        database_variable="PREFECT_API_DATABASE_CONNECTION_URL",
        extra={"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"},
    )
