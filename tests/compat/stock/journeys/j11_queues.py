"""A flow with a deployment for each queue of the pool `pool`, and runs of them.

    python j11_queues.py deploy low=3 critical=2
    python j11_queues.py submit low=1
    python j11_queues.py schedule
    python j11_queues.py pause-and-poll

The last one prints the statuses of a queue as JSON.
"""

import json
import sys
import time
from datetime import timedelta
from pathlib import Path

from prefect import flow, get_client, runtime
from prefect.cli import app
from prefect.deployments import run_deployment
from prefect.schedules import Interval
from typer.testing import CliRunner


@flow
def work():
    """Works until it is told to end."""
    told = Path(__file__).with_name(f"go-{runtime.flow_run.id}")
    while not told.exists():
        time.sleep(0.05)


def remote():
    return flow.from_source(
        source=str(Path(__file__).parent), entrypoint=f"{Path(__file__).name}:work"
    )


def pause_and_poll():
    """The statuses of a queue after each of the commands."""
    commands = {
        "made": "work-queue create idle -p quiet",
        "paused": "work-queue pause idle -p quiet",
        "resumed": "work-queue resume idle -p quiet",
        "polled": "worker start --pool quiet --run-once",
    }
    CliRunner().invoke(app, "work-pool create quiet --type process", catch_exceptions=False)
    seen = {}
    for name, command in commands.items():
        CliRunner().invoke(app, command, catch_exceptions=False)
        with get_client(sync_client=True) as client:
            seen[name] = client.read_work_queue_by_name("idle", "quiet").status
    return seen


def submit(wanted):
    for queue, number in (each.split("=") for each in wanted):
        for _ in range(int(number)):
            run_deployment(f"work/{queue}", timeout=0)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["deploy", *wanted]:
            for queue in ("critical", "high", "low"):
                remote().deploy(name=queue, work_pool_name="pool", work_queue_name=queue)
            submit(wanted)
        case ["submit", *wanted]:
            submit(wanted)
        case ["schedule"]:
            each_five_hours = Interval(timedelta(hours=5))
            remote().deploy(name="hourly", work_pool_name="pool", schedule=each_five_hours)
        case ["pause-and-poll"]:
            print(json.dumps(pause_and_poll()))
