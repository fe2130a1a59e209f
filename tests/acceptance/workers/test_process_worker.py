"""A run travels the whole road: deployment, server, worker, process, and back."""

import os
import signal
from pathlib import Path

import pytest

from tests.acceptance.workers.fleet import Fleet
from tests.support.waiting import wait_until
from windlass_workers.process.processes import family, is_alive, know

GREETING = """
from windlass import flow

@flow(log_prints=True)
def a_flow(name: str = "world"):
    print(f"hello {name}")
"""

SLEEPING = """
import time
from pathlib import Path
from windlass import flow

@flow
def a_flow(go: str):
    while not Path(go).exists():
        time.sleep(0.01)
"""

ASKING = """
from datetime import datetime, timedelta
from windlass import flow
from windlass.deployments import run_deployment

@flow
def called(asked_for: str, go: str):
    tomorrow = datetime.now() + timedelta(days=1)
    run_deployment(asked_for, parameters={"go": go}, scheduled_time=tomorrow, timeout=0)
    run_deployment(asked_for, parameters={"go": go})

@flow
def a_flow(asked_for: str, go: str):
    called(asked_for, go)
"""


def test_a_run_completes_and_its_logs_are_kept(shared_fleet: Fleet, tmp_path: Path) -> None:
    run = shared_fleet.run(shared_fleet.deploy(GREETING, tmp_path), name="Ada")
    assert shared_fleet.until_state(run)["type"] == "COMPLETED"
    assert shared_fleet.history(run) == ["Scheduled", "Pending", "Running", "Completed"]
    assert "hello Ada" in shared_fleet.logs(run)


def test_a_run_that_is_executed_does_as_one_that_is_forked(
    shared_fleet: Fleet, tmp_path: Path
) -> None:
    variables = {"env": {"PYTHONHASHSEED": "7"}}
    run = shared_fleet.run(
        shared_fleet.deploy(GREETING, tmp_path, job_variables=variables), name="Grace"
    )
    assert shared_fleet.until_state(run)["type"] == "COMPLETED"
    assert "hello Grace" in shared_fleet.logs(run)


def test_no_more_runs_than_the_limit_are_under_way_and_all_complete(
    fleet: Fleet, tmp_path: Path
) -> None:
    fleet.start_worker("--type", "process", "--limit", "2")
    deployment = fleet.deploy(GREETING, tmp_path)
    runs = [fleet.run(deployment) for _ in range(5)]
    assert {fleet.until_state(run)["type"] for run in runs} == {"COMPLETED"}


def test_a_pull_step_brings_the_run_to_its_code(shared_fleet: Fleet, tmp_path: Path) -> None:
    step = {"prefect.deployments.steps.set_working_directory": {"directory": str(tmp_path)}}
    run = shared_fleet.run(shared_fleet.deploy(GREETING, tmp_path, path=None, pull_steps=[step]))
    assert shared_fleet.until_state(run)["type"] == "COMPLETED"


@pytest.mark.parametrize(
    ("code", "entrypoint", "reason"),
    [
        ("import there_is_no_such_module", "flows.py:a_flow", "there_is_no_such_module"),
        (GREETING, "not_there.py:a_flow", "not_there.py"),
        (GREETING, "flows.py:another", "another"),
        ("a_flow = 3", "flows.py:a_flow", "@flow"),
        ("", "no_such_package.flows:a_flow", "no_such_package"),
    ],
)
def test_a_run_whose_code_cannot_be_loaded_crashes_with_the_reason(
    shared_fleet: Fleet, tmp_path: Path, code: str, entrypoint: str, reason: str
) -> None:
    run = shared_fleet.run(shared_fleet.deploy(code, tmp_path, entrypoint=entrypoint))
    state = shared_fleet.until_state(run)
    assert state["type"] == "CRASHED"
    assert reason in state["message"]
    assert shared_fleet.history(run) == ["Scheduled", "Pending", "Crashed"]
    assert any(reason in message for message in shared_fleet.logs(run))


def test_a_run_whose_job_cannot_be_started_crashes_with_the_reason(
    shared_fleet: Fleet, tmp_path: Path
) -> None:
    run = shared_fleet.run(
        shared_fleet.deploy(GREETING, tmp_path, job_variables={"working_dir": "/not/there"})
    )
    state = shared_fleet.until_state(run)
    assert state["type"] == "CRASHED"
    assert "/not/there" in state["message"]
    assert any("/not/there" in message for message in shared_fleet.logs(run))


def test_a_run_whose_process_is_killed_crashes_and_says_by_what(
    shared_fleet: Fleet, tmp_path: Path
) -> None:
    run = shared_fleet.run(shared_fleet.deploy(SLEEPING, tmp_path), go=str(tmp_path / "go"))
    assert shared_fleet.until_state(run, "RUNNING")["type"] == "RUNNING"
    os.kill(shared_fleet.pid(run), signal.SIGKILL)
    state = shared_fleet.until_state(run)
    assert state["type"] == "CRASHED"
    assert "SIGKILL" in state["message"]


def test_a_run_outlives_its_worker(fleet: Fleet, tmp_path: Path) -> None:
    worker = fleet.start_worker("--type", "process")
    go = tmp_path / "go"
    run = fleet.run(fleet.deploy(SLEEPING, tmp_path), go=str(go))
    fleet.until_state(run, "RUNNING")
    worker.kill()
    go.touch()
    assert fleet.until_state(run)["type"] == "COMPLETED"


def test_a_worker_that_starts_again_sees_to_the_runs_of_the_one_before(
    fleet: Fleet, tmp_path: Path
) -> None:
    worker = fleet.start_worker("--type", "process")
    run = fleet.run(fleet.deploy(SLEEPING, tmp_path), go=str(tmp_path / "go"))
    fleet.until_state(run, "RUNNING")
    pid = fleet.pid(run)
    worker.kill()
    successor = fleet.start_worker("--type", "process")
    wait_until(lambda: successor.said("Took over"), description="the run to be taken over")
    os.kill(pid, signal.SIGKILL)
    state = fleet.until_state(run)
    assert state["type"] == "CRASHED"
    assert state["message"]


def test_a_run_that_is_cancelled_leaves_no_process(shared_fleet: Fleet, tmp_path: Path) -> None:
    code = SLEEPING.replace(
        "    while",
        "    import subprocess; subprocess.Popen(['setsid', 'sleep', '3600'])\n    while",
    )
    run = shared_fleet.run(shared_fleet.deploy(code, tmp_path), go=str(tmp_path / "go"))
    shared_fleet.until_state(run, "RUNNING")
    leader = know(shared_fleet.pid(run))
    execution_id = shared_fleet.server.get(f"flow_runs/{run}")["execution_id"]
    marker = f"WINDLASS__EXECUTION_ID={execution_id}"
    wait_until(lambda: len(family(leader, marker)) == 2, description="the daemon of the run")
    shared_fleet.server.post(f"flow_runs/{run}/set_state", {"state": {"type": "CANCELLING"}})
    assert shared_fleet.until_state(run)["type"] == "CANCELLED"
    wait_until(lambda: not family(leader, marker), timeout=15, description="nobody to be left")
    assert not is_alive(leader)


def test_a_run_that_is_cancelled_takes_along_what_it_asked_for(
    shared_fleet: Fleet, tmp_path: Path
) -> None:
    asked_for = shared_fleet.deploy(SLEEPING, tmp_path)
    (tmp_path / "asking").mkdir()
    asking = shared_fleet.deploy(ASKING, tmp_path / "asking")
    run = shared_fleet.run(asking, asked_for=asked_for, go=str(tmp_path / "go"))

    def children() -> dict[str, str]:
        wanted = {"deployments": {"id": {"any_": [asked_for]}}}
        found = shared_fleet.server.post("flow_runs/filter", wanted)
        return {one["id"]: one["state_type"] for one in found}

    def have(*types: str) -> bool:
        return sorted(children().values()) == [*types]

    wait_until(lambda: have("RUNNING", "SCHEDULED"), timeout=20, description="both children")
    [running] = [id for id, type in children().items() if type == "RUNNING"]
    process = know(shared_fleet.pid(running))
    shared_fleet.server.post(f"flow_runs/{run}/set_state", {"state": {"type": "CANCELLING"}})
    assert shared_fleet.until_state(run)["type"] == "CANCELLED"
    wait_until(lambda: have("CANCELLED", "CANCELLED"), timeout=20, description="both cancelled")
    wait_until(lambda: not is_alive(process), description="its process to end")
    assert shared_fleet.history(running)[-2:] == ["Cancelling", "Cancelled"]


def test_a_worker_that_is_asked_to_stop_lets_its_runs_end(fleet: Fleet, tmp_path: Path) -> None:
    worker = fleet.start_worker("--type", "process")
    go = tmp_path / "go"
    run = fleet.run(fleet.deploy(SLEEPING, tmp_path), go=str(go))
    fleet.until_state(run, "RUNNING")
    worker.running.send_signal(signal.SIGTERM)
    wait_until(lambda: worker.said("waiting for them to end"), description="the worker to drain")
    fleet.run(fleet.deploy(SLEEPING, tmp_path), go=str(go))
    go.touch()
    assert worker.running.wait(20) == 0
    assert fleet.state(run)["type"] == "COMPLETED"
    assert worker.log.read_text().count("Started the run") == 1


def test_a_run_that_does_not_end_in_time_is_stopped_with_its_worker(
    fleet: Fleet, tmp_path: Path
) -> None:
    worker = fleet.start_worker("--type", "process", "--grace-seconds", "0.1")
    run = fleet.run(fleet.deploy(SLEEPING, tmp_path), go=str(tmp_path / "go"))
    fleet.until_state(run, "RUNNING")
    assert worker.stop() == 0
    assert fleet.state(run)["type"] == "CRASHED"
