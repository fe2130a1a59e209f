"""With credentials, a run speaks with a token of its own, not with those of its worker."""

from pathlib import Path
from typing import Final

import pytest

from tests.acceptance.workers.fleet import Fleet
from tests.support.windlass_server import AUTH_STRING

PAIR: Final = "admin:pass"

CODE: Final = """
import os

from windlass import flow, get_client, task

@task
def a_task():
    return 1

@flow
def a_flow():
    a_task()
    assert os.environ["WINDLASS_API_KEY"].startswith("wrt_")
    assert "WINDLASS_API_AUTH_STRING" not in os.environ
    with get_client(sync_client=True) as client:
        client.read_flows()
"""


@pytest.fixture(scope="module")
def server_settings() -> dict[str, str]:
    """The server asks for credentials."""
    return {AUTH_STRING: PAIR}


@pytest.mark.parametrize("started", [{}, {"PYTHONHASHSEED": "7"}], ids=["forked", "executed"])
def test_a_run_has_a_token_in_place_of_the_credentials(
    fleet: Fleet, tmp_path: Path, started: dict[str, str]
) -> None:
    fleet.environment = {"WINDLASS_API_AUTH_STRING": PAIR}
    worker = fleet.start_worker("--type", "process")
    run = fleet.run(fleet.deploy(CODE, tmp_path, job_variables={"env": started}))
    assert fleet.until_state(run)["type"] == "COMPLETED", worker.log.read_text()
    wanted = {"flow_runs": {"id": {"any_": [run]}}}
    (task_run,) = fleet.server.post("task_runs/filter", wanted)
    assert task_run["state_type"] == "COMPLETED"
    assert "wrt_" not in worker.log.read_text()
