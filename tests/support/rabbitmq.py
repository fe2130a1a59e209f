"""A RabbitMQ for tests: named by WINDLASS_TEST_RABBITMQ_URL, else installed, else there is none.

No wheel carries one, and its packages need the whole of Erlang: so this is the one server without
which tests are skipped, and say so.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.support.environment import ASKED
from tests.support.server_keeper import Keeper, Owner, accepts, free_port, start
from tests.support.waiting import wait_until

MISSING: Final = (
    "There is no RabbitMQ here: install it (Debian: apt-get install rabbitmq-server), or name one "
    "with WINDLASS_TEST_RABBITMQ_URL."
)
_PROGRAMS: Final = (
    "/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server",
    "/opt/homebrew/sbin/rabbitmq-server",
    "/usr/local/sbin/rabbitmq-server",
)


@dataclass(slots=True)
class RabbitProcess:
    """A broker of the tests' own, which keeps its ports and its data from one start to the next."""

    program: Path
    folder: Path
    epmd_port: int
    port: int
    distribution_port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}/"

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        ours = {
            "ERL_EPMD_PORT": self.epmd_port,
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "HOME": self.folder,
            "RUNNING_UNDER_SYSTEMD": "1",  # the shell becomes the server, which is ours to end
            "RABBITMQ_CONFIG_FILE": self.folder / "rabbitmq.conf",
            "RABBITMQ_DIST_PORT": self.distribution_port,
            "RABBITMQ_ENABLED_PLUGINS_FILE": self.folder / "plugins",
            "RABBITMQ_LOG_BASE": self.folder,
            "RABBITMQ_MNESIA_BASE": self.folder,
            "RABBITMQ_NODENAME": f"windlass-{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": self.port,
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",
        }
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [str(self.program)],
                env=dict(os.environ) | {name: str(value) for name, value in ours.items()},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_until(lambda: accepts(self.port), timeout=60, description="RabbitMQ to start")

    def kill(self) -> None:
        """End it at once."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def freeze(self) -> None:
        """From now on it accepts connections and never answers, like a black hole."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)


@contextmanager
def rabbitmq_process(folder: Path, settings: str = "") -> Generator[RabbitProcess]:
    """Start a broker, and the port mapper of Erlang; skip the test if there is none.

    `settings`: what its configuration file says besides the ports.
    """
    program, epmd = _program(), _epmd()
    if program is None or epmd is None:
        pytest.skip(MISSING)
    (folder / "rabbitmq.conf").write_text(settings)
    (folder / "plugins").write_text("[].\n")
    keeper = Keeper(folder)
    with keeper.running:
        epmd_port = start(
            keeper,
            lambda port: [epmd, "-port", str(port), "-address", "127.0.0.1"],
            Owner(),
            folder / "epmd.log",
            accepts,
            signal.SIGKILL,
        )
        process = RabbitProcess(program, folder, epmd_port, free_port(), free_port())
        keeper.running.callback(process.kill)
        process.start()
        yield process


def named_rabbitmq() -> str | None:
    """The URL of a broker that is there for tests."""
    return ASKED.get("WINDLASS_TEST_RABBITMQ_URL")


def _program() -> Path | None:
    found = (path for pattern in _PROGRAMS for path in sorted(Path("/").glob(pattern[1:])))
    return max(found, default=None)


def _epmd() -> str | None:
    found = sorted(Path("/").glob("usr/lib/erlang/erts-*/bin/epmd"))
    return shutil.which("epmd") or (str(found[-1]) if found else None)
