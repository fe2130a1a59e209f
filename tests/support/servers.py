"""PostgreSQL and Redis for the whole test run: real ones, never mocks, never skipped.

Named by WINDLASS_TEST_POSTGRES_URL and WINDLASS_TEST_REDIS_URL, else installed on the machine,
else out of wheels. The databases that are named must be for testing: Redis is flushed.
WINDLASS_TEST_POSTGRES_DURABLE=1 lets a started PostgreSQL write to the disk as in production.
"""

import json
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

import pytest

from tests.support.environment import ASKED

ROOT: Final = Path(__file__).resolve().parents[2]
NAMED: Final = {"postgres": "WINDLASS_TEST_POSTGRES_URL", "redis": "WINDLASS_TEST_REDIS_URL"}
USUAL_PORTS: Final = {"postgres": 5432, "redis": 6379}
WORKER_INPUT: Final = "windlass_servers"


class XdistNode(Protocol):
    """What this plugin uses of a worker that pytest-xdist is about to start."""

    config: pytest.Config
    workerinput: dict[str, object]


@dataclass(slots=True)
class Servers:
    """The servers of this test run; started when first asked for, by one process only."""

    keeper: subprocess.Popen[str] | None = None
    addresses: dict[str, str] | None = None

    def address(self, server: str) -> str:
        """The URL of `postgres` or `redis`; fails the test when there is none."""
        addresses = self.all()
        if "error" in addresses:
            pytest.fail(addresses["error"], pytrace=False)
        return addresses[server]

    def all(self) -> dict[str, str]:
        """All addresses and versions, or the one `error`."""
        if self.addresses is None:
            named = {server: ASKED[name] for server, name in NAMED.items() if ASKED.get(name)}
            missing = [server for server in NAMED if server not in named]
            silent = " ".join(filter(None, (_silence(*pair) for pair in named.items())))
            if silent:
                self.addresses = {"error": silent}
            else:
                self.addresses = named | (self._start(missing) if missing else {})
        return self.addresses

    def stop(self) -> None:
        """End what was started; the keeper ends when its standard input closes."""
        if self.keeper is not None:
            self.keeper.communicate(timeout=30)

    def _start(self, missing: list[str]) -> dict[str, str]:
        command = [sys.executable, "-m", "tests.support.server_keeper", *missing]
        if ASKED.get("WINDLASS_TEST_POSTGRES_DURABLE") == "1":
            command.append("--durable")
        self.keeper = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for the tests; the servers outlive their teardown
        )
        assert self.keeper.stdout is not None
        return json.loads(self.keeper.stdout.readline() or '{"error": "The servers failed."}')


SERVERS: Final = pytest.StashKey[Servers]()


def pytest_configure(config: pytest.Config) -> None:
    given: dict[str, dict[str, str]] = getattr(config, "workerinput", {})
    config.stash[SERVERS] = Servers(addresses=given.get(WORKER_INPUT))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: XdistNode) -> None:
    """Every xdist worker is given the controller's servers."""
    node.workerinput[WORKER_INPUT] = node.config.stash[SERVERS].all()


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[SERVERS].stop()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    addresses = config.stash[SERVERS].addresses or {}
    used = [
        f"{name} {addresses.get(f'{name}_version', 'named')}" for name in addresses if name in NAMED
    ]
    if used:
        terminalreporter.write_line(f"servers: {', '.join(used)}")


def _silence(server: str, url: str) -> str | None:
    """What is wrong with a named server that does not answer."""
    parts = urlsplit(url)
    port = parts.port or USUAL_PORTS[server]
    try:
        socket.create_connection((parts.hostname, port), timeout=5).close()
    except OSError as error:
        return f"{NAMED[server]} names {parts.hostname}:{port}, which does not answer: {error}."
    return None
