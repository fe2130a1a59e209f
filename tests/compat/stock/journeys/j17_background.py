"""Tasks that are delayed here and run by task workers elsewhere.

    python j17_background.py serve
    python j17_background.py delay
    python j17_background.py delay-slow

The last two print what they delayed, as JSON.
"""

import json
import os
import sys
import time
from pathlib import Path

from prefect import task, unmapped
from prefect.task_worker import serve

HERE = Path(__file__).parent


def wait_for_both():
    """Nobody does everything: wait until two processes have come this far."""
    HERE.joinpath(f"here-{os.getpid()}").touch()
    while len(list(HERE.glob("here-*"))) < 2:
        time.sleep(0.05)


@task(log_prints=True, retries=1)
def add(a, b):
    wait_for_both()
    print(f"{a} + {b} = {a + b} in {os.getpid()}.")


@task(log_prints=True)
def multiply(a, b):
    print(f"{a} * {b} = {a * b}")


@task(log_prints=True)
def outer(a):
    add.delay(a, a)
    print(f"delayed {a} + {a}")


@task(retries=1)
def slow():
    """The first one to do it works until it is ended."""
    begun = HERE / "slow-began"
    if not begun.exists():
        begun.write_text(str(os.getpid()))
        time.sleep(300)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve"]:
            serve(add, multiply, outer, slow, limit=1)
        case ["delay"]:
            added = [add.delay(1, 2), *add.map([1, 2, 3], unmapped(4), deferred=True)]
            others = [multiply.delay(2, 3), outer.delay(7)]
            runs = {
                "add": [str(each.task_run_id) for each in added],
                "others": [str(each.task_run_id) for each in others],
            }
            print(json.dumps(runs))
        case ["delay-slow"]:
            print(json.dumps(str(slow.delay().task_run_id)))
