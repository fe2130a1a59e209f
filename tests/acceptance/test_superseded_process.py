"""A process that goes on while another execution has its run: what it asks is refused, it ends."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.waiting import wait_until
from tests.support.windlass_server import WindlassServer
from windlass.engine.exit_codes import ExitCode
from windlass.ids import uuid7

FLOW = """
import time
from pathlib import Path
from windlass import flow
from windlass.artifacts import create_markdown_artifact
from windlass.exceptions import Superseded

@flow
def a_flow(folder: str):
    Path(folder, "began").touch()
    while not Path(folder, "go").exists():
        time.sleep(0.01)
    try:
        create_markdown_artifact("of the wrong one", key="a-key")
    except Superseded:
        Path(folder, "refused").touch()
"""


@pytest.fixture
def pool(windlass_server: WindlassServer) -> str:
    return windlass_server.post("work_pools/", {"name": str(uuid7()), "type": "process"})["name"]


@pytest.fixture
def run_id(windlass_server: WindlassServer, pool: str, tmp_path: Path) -> str:
    """A run that waits for a worker."""
    (tmp_path / "flows.py").write_text(FLOW)
    deployment = {
        "name": str(uuid7()),
        "flow_id": windlass_server.post("flows/", {"name": "a-flow"})["id"],
        "work_pool_name": pool,
        "path": str(tmp_path),
        "entrypoint": "flows.py:a_flow",
    }
    id = windlass_server.post("deployments/", deployment)["id"]
    wanted = {"parameters": {"folder": str(tmp_path)}}
    return windlass_server.post(f"deployments/{id}/create_flow_run", wanted)["id"]


def claim(server: WindlassServer, pool: str) -> dict[str, Any]:
    """The one run of the pool, as a worker takes it."""
    asked = {"worker_name": "a-worker", "limit": 1, "wait_seconds": 5, "request_id": str(uuid7())}
    [claimed] = server.post(f"work_pools/{pool}/claim", asked)["runs"]
    return claimed


def test_a_process_whose_run_another_one_has_is_refused_and_exits_with_its_own_status(
    windlass_server: WindlassServer, pool: str, run_id: str, tmp_path: Path
) -> None:
    claimed = claim(windlass_server, pool)
    (tmp_path / "claim.json").write_text(json.dumps(claimed))
    environment = {
        **os.environ,
        "WINDLASS_API_URL": windlass_server.api_url,
        "WINDLASS__CLAIM_FILE": str(tmp_path / "claim.json"),
    }
    with subprocess.Popen([sys.executable, "-m", "windlass.execute"], env=environment) as process:
        try:
            wait_until((tmp_path / "began").exists, description="the code of the run to begin")
            again = {"state": {"type": "SCHEDULED"}, "force": True}
            windlass_server.post(f"flow_runs/{run_id}/set_state", again)
            assert claim(windlass_server, pool)["execution_id"] == f"{run_id}.2"
            (tmp_path / "go").touch()
            assert process.wait(20) == ExitCode.SUPERSEDED == 75
        finally:
            process.kill()
    assert (tmp_path / "refused").exists()
    assert windlass_server.post("artifacts/count") == 0
    assert windlass_server.get(f"flow_runs/{run_id}")["state_type"] == "PENDING"
