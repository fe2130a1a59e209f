"""Whoever starts servers for tests leaves none behind, whatever happens to it."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest

from tests.support.postgres import create_database, drop_database
from tests.support.redis import count_keys
from tests.support.waiting import wait_until

ROOT: Final = Path(__file__).resolve().parents[3]
STARTER: Final = """
import subprocess, sys
keeper = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, start_new_session=True)
keeper.wait()
"""


@dataclass(frozen=True, slots=True)
class Started:
    """A process that started a keeper of wheel servers, as a test run does, and what it said."""

    process: subprocess.Popen[str]
    said: dict[str, str]

    def is_gone(self) -> bool:
        """Whether neither server answers and their folder is removed."""
        ports = [urlsplit(self.said[server]).port for server in ("postgres", "redis")]
        return not any(map(_answers, ports)) and not Path(self.said["folder"]).exists()


def test_the_wheels_carry_servers_that_run(started: Started) -> None:
    assert "wheel" in started.said["postgres_version"]
    create_database(started.said["postgres"], "made")
    drop_database(started.said["postgres"], "made")
    assert count_keys(started.said["redis"]) == 0


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_servers_end_with_a_test_run_that_is_ended(started: Started, end: signal.Signals) -> None:
    started.process.send_signal(end)
    wait_until(started.is_gone, description="the servers to be gone")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_servers_end_with_a_keeper_that_is_killed(started: Started) -> None:
    os.kill(int(started.said["keeper"]), signal.SIGKILL)
    ports = [urlsplit(started.said[server]).port for server in ("postgres", "redis")]
    wait_until(lambda: not any(map(_answers, ports)), description="the servers to be gone")
    shutil.rmtree(started.said["folder"])


@pytest.fixture
def started() -> Iterator[Started]:
    """A started pair of servers out of the wheels."""
    keep = [sys.executable, "-m", "tests.support.server_keeper", "--wheels-only"]
    with subprocess.Popen(
        [sys.executable, "-c", STARTER, *keep, "postgres", "redis"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield Started(process, json.loads(process.stdout.readline()))
        process.kill()


def _answers(port: int | None) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
