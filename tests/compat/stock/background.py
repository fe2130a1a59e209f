"""Background tasks of the stock package: delayed here, run by a task worker elsewhere."""

import json
import os
import sys

from prefect import get_client, task, unmapped
from prefect.futures import wait
from prefect.task_worker import serve


@task(log_prints=True, retries=1, persist_result=True)
def add(a: int, b: int) -> int:
    print(f"{a} + {b}")
    return a + b


@task(persist_result=True)
async def whose(number: int) -> int:
    del number
    return os.getpid()


def delayed() -> dict[str, object]:
    """What came of some runs."""
    first = add.delay(1, 2)
    mapped = add.map([1, 2, 3], unmapped(4), deferred=True)
    shared = whose.map(list(range(8)), deferred=True)
    wait([first, *mapped, *shared], timeout=60)
    with get_client(sync_client=True) as client:
        states = [client.read_task_run(future.task_run_id).state_name for future in mapped]
    return {
        "id": str(first.task_run_id),
        "result": first.result(),
        "mapped": [future.result() for future in mapped],
        "states": states,
        "processes": [future.result() for future in shared],
    }


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(add, whose, limit=1)
    else:
        print(json.dumps(delayed()))
