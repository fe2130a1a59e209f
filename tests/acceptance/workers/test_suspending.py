"""Runs that leave their machine until a person resumes them, and are continued by a worker."""

from pathlib import Path

from tests.acceptance.workers.fleet import Fleet
from tests.support.waiting import wait_until

ASKING = """
from windlass import flow, pause_flow_run, suspend_flow_run

@flow(log_prints=True)
def a_flow(pauses: bool = False):
    print("asking")
    if pauses:
        name = pause_flow_run(wait_for_input=str, poll_interval=0.1)
    else:
        name = suspend_flow_run(wait_for_input=str)
    print(f"hello {name}")
"""

STEPS = """
import time
from pathlib import Path
from windlass import flow, task

@task(log_prints=True)
def step(number: int, go: str):
    print(f"step {number}")
    while not Path(go).exists():
        time.sleep(0.01)
    print(f"end of step {number}")

@flow
def a_flow(go: str):
    step(1, go)
    step(2, go)
"""


def test_a_suspended_run_frees_its_slot_and_goes_on_when_it_is_resumed(
    shared_fleet: Fleet, tmp_path: Path
) -> None:
    deployment = shared_fleet.deploy(ASKING, tmp_path, concurrency_limit=1)
    first = shared_fleet.run(deployment)
    assert shared_fleet.until_state(first, "PAUSED")["name"] == "Suspended"
    second = shared_fleet.run(deployment)
    assert shared_fleet.until_state(second, "PAUSED")["name"] == "Suspended"
    assert "AwaitingConcurrencySlot" not in shared_fleet.history(second)
    for run, name in ((first, "Ada"), (second, "Grace")):
        refused = shared_fleet.server.post(f"flow_runs/{run}/resume", {"run_input": {}})
        assert refused["status"] == "REJECT"
        resumed = shared_fleet.server.post(
            f"flow_runs/{run}/resume", {"run_input": {"value": name}}
        )
        assert resumed["status"] == "ACCEPT"
        assert shared_fleet.until_state(run)["type"] == "COMPLETED"
        assert f"hello {name}" in shared_fleet.logs(run)
    history = shared_fleet.history(first)
    assert history[:5] == ["Scheduled", "Pending", "Running", "Suspended", "Resuming"]
    assert history[-2:] == ["Running", "Completed"]
    assert shared_fleet.server.get(f"flow_runs/{first}")["run_count"] == 1


def test_a_paused_run_waits_in_its_process(shared_fleet: Fleet, tmp_path: Path) -> None:
    run = shared_fleet.run(shared_fleet.deploy(ASKING, tmp_path), pauses=True)
    assert shared_fleet.until_state(run, "PAUSED")["name"] == "Paused"
    shared_fleet.server.post(f"flow_runs/{run}/resume", {"run_input": {"value": "Ada"}})
    assert shared_fleet.until_state(run)["type"] == "COMPLETED"
    assert shared_fleet.history(run)[-4:] == ["Running", "Paused", "Running", "Completed"]
    assert shared_fleet.logs(run).count("asking") == 1


def test_a_run_that_is_suspended_from_outside_ends_what_it_began(
    shared_fleet: Fleet, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    run = shared_fleet.run(shared_fleet.deploy(STEPS, tmp_path), go=str(go))
    wait_until(lambda: "step 1" in shared_fleet.logs(run), description="the first step")
    suspended = {"type": "PAUSED", "name": "Suspended", "state_details": {"pause_reschedule": True}}
    answer = shared_fleet.server.post(f"flow_runs/{run}/set_state", {"state": suspended})
    assert answer["status"] == "ACCEPT"
    shared_fleet.server.post(f"flow_runs/{run}/resume")
    go.touch()
    assert shared_fleet.until_state(run)["type"] == "COMPLETED"
    assert shared_fleet.history(run)[3:5] == ["Suspended", "Resuming"]
    assert "end of step 2" in shared_fleet.logs(run)
