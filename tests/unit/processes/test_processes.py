"""Processes of the control plane: what they refuse, and how they end."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.support.windlass_server import Backend, make_windlass_server

pytestmark = pytest.mark.timeout(60)


@pytest.mark.parametrize("service", ["scheduler", "triggers", "api"])
def test_a_replica_refuses_a_broker_that_lives_in_one_process(tmp_path: Path, service: str) -> None:
    inherited = {name: value for name, value in os.environ.items() if name[:9] != "WINDLASS_"}
    refused = subprocess.run(
        [sys.executable, "-m", "windlass_services", service, "--port", "0", "--probe-port", "0"],
        env=inherited | {"WINDLASS_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )
    assert refused.returncode == 1
    assert "WINDLASS_SERVER_BROKER_URL" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        ({}, "WINDLASS_SERVER_BROKER_URL"),
        (
            {"WINDLASS_SERVER_BROKER_URL": "redis://127.0.0.1:1/0"},
            "WINDLASS_SERVER_DATABASE_CONNECTION_URL",
        ),
    ],
)
def test_several_processes_on_one_address_share_what_they_know(
    tmp_path: Path, settings: dict[str, str], missing: str
) -> None:
    inherited = {name: value for name, value in os.environ.items() if name[:9] != "WINDLASS_"}
    refused = subprocess.run(
        [sys.executable, "-m", "windlass_services", "api", "--port", "0", "--workers", "2"],
        env=inherited | {"WINDLASS_HOME": str(tmp_path)} | settings,
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )
    assert refused.returncode == 1
    # Said once, by the process that would have started the others.
    assert refused.stderr.count(missing) == 1


def test_a_server_that_is_told_to_stop_leaves_nothing(tmp_path: Path) -> None:
    server = make_windlass_server(Backend.EMBEDDED, tmp_path / "server", {})
    server.start()
    process = server.processes["server"]
    assert process.running is not None
    pid = process.running.pid
    children = psutil.Process(pid).children(recursive=True)
    assert server.stop() == {"server": 0}
    assert not psutil.pid_exists(pid)
    assert not any(child.is_running() for child in children)
    assert "Traceback" not in process.log.read_text()
    # Nothing is left of the write-ahead log, and the file is free for another server.
    assert list(tmp_path.rglob("*-wal")) == []
    server.start()
    assert server.stop() == {"server": 0}
