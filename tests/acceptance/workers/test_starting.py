"""How a worker is started, and what it says."""

import re
import socket
from pathlib import Path

from tests.acceptance.workers.fleet import Fleet
from tests.support.waiting import wait_until

ECHO = """
from windlass import flow

@flow
def a_flow():
    return 1
"""


def test_a_worker_with_a_type_makes_the_pool_that_is_missing(fleet: Fleet) -> None:
    worker = fleet.start_worker("--type", "process")
    assert worker.said(f"Work pool '{fleet.pool}' of type 'process' created.")
    pool = fleet.server.get(f"work_pools/{fleet.pool}")
    assert pool["type"] == "process"
    assert pool["base_job_template"]["job_configuration"]["working_dir"] == "{{ working_dir }}"


def test_a_worker_without_a_type_makes_a_pool_for_processes(fleet: Fleet) -> None:
    fleet.start_worker()
    assert fleet.server.get(f"work_pools/{fleet.pool}")["type"] == "process"


def test_a_worker_finds_out_the_type_of_its_pool(fleet: Fleet) -> None:
    fleet.server.post("work_pools/", {"name": fleet.pool, "type": "process"})
    worker = fleet.start_worker("--limit", "1")
    assert worker.said(f"Discovered worker type 'process' for work pool '{fleet.pool}'.")
    assert re.search(r"Worker 'ProcessWorker [0-9a-f-]{36}' started!", worker.log.read_text())


def test_a_worker_of_another_type_is_refused(fleet: Fleet) -> None:
    fleet.server.post("work_pools/", {"name": fleet.pool, "type": "process"})
    worker = fleet.start(("--type", "scripted"), fleet.pool)
    assert worker.running.wait(20) == 1
    assert worker.said("a worker serves pools of its own type only")


def test_a_queue_that_is_missing_is_made(fleet: Fleet) -> None:
    fleet.start_worker("--type", "process", "--work-queue", "urgent")
    assert fleet.server.get(f"work_pools/{fleet.pool}/queues/urgent")["name"] == "urgent"


def test_a_worker_is_online_and_its_pool_ready(fleet: Fleet) -> None:
    fleet.start_worker("--type", "process", "--name", "hector")
    (worker,) = fleet.server.post(f"work_pools/{fleet.pool}/workers/filter")
    assert (worker["name"], worker["status"]) == ("hector", "ONLINE")
    assert fleet.server.get(f"work_pools/{fleet.pool}")["status"] == "READY"


def test_a_worker_that_runs_once_ends_when_its_runs_have(fleet: Fleet, tmp_path: Path) -> None:
    fleet.server.post("work_pools/", {"name": fleet.pool, "type": "process"})
    run = fleet.run(fleet.deploy(ECHO, tmp_path))
    worker = fleet.start_worker("--run-once")
    assert worker.running.wait(20) == 0
    assert fleet.state(run)["type"] == "COMPLETED"


def test_an_idle_worker_stops_at_once(fleet: Fleet) -> None:
    worker = fleet.start_worker("--type", "process")
    assert worker.stop() == 0


def test_a_worker_answers_probes(fleet: Fleet) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {"WINDLASS_WORKER_WEBSERVER_HOST": "127.0.0.1"}
    fleet.environment |= {**environment, "WINDLASS_WORKER_WEBSERVER_PORT": str(port)}
    worker = fleet.start_worker("--type", "process", "--with-healthcheck")
    wait_until(lambda: worker.said("health endpoint"), description="the health endpoint")
    healthy = fleet.probe(port, "/health")
    assert (healthy.status_code, healthy.json()["message"]) == (200, "OK")
    assert fleet.probe(port, "/health/ready").status_code == 200
    assert fleet.probe(port, "/nothing").status_code == 404
    assert "windlass_worker_live_runs 0.0" in fleet.probe(port, "/metrics").text
