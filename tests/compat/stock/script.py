"""A script as its user wrote it. It prints, as JSON, the flow runs it made."""

import asyncio
import json
import time

from prefect import flow, get_run_logger, runtime, task
from prefect.cache_policies import INPUTS

attempts = []


@task
def add(x, y=1):
    get_run_logger().info("adding %s and %s", x, y)
    return x + y


@task(retries=2)
def flaky():
    attempts.append(1)
    if len(attempts) < 2:
        raise ValueError("not yet")


@task(tags=["heavy"])
def tagged():
    return "slots are asked for"


@task(cache_policy=INPUTS, persist_result=True)
def remembered(x):
    return x


@task(timeout_seconds=0.2)
def slow():
    time.sleep(10)


@task
def counting():
    yield 1
    yield 2


@task
def broken():
    raise RuntimeError("broken on purpose")


@task
async def double(x):
    await asyncio.sleep(0)
    return 2 * x


@flow
def child(x):
    return add(x, 10)


@flow(log_prints=True)
def parent(name):
    print(f"hello {name}")
    later = add.submit(add.submit(1))
    mapped = add.map([1, 2, 3])
    flaky()
    return later.result() + sum(mapped.result()) + child(5)


@flow
def unusual():
    tagged()
    remembered(1)
    remembered(1)
    slow(return_state=True)
    return sum(counting())


@flow
def failing():
    broken()


@flow(retries=1)
def second_try():
    if runtime.flow_run.run_count < 2:
        raise ValueError("again")


@flow
async def asynchronous():
    return sum(await asyncio.gather(double(1), double(2)))


if __name__ == "__main__":
    states = {
        "parent": parent("you", return_state=True),
        "unusual": unusual(return_state=True),
        "failing": failing(return_state=True),
        "second_try": second_try(return_state=True),
        "asynchronous": asyncio.run(asynchronous(return_state=True)),
    }
    assert states["parent"].result() == 3 + 9 + 15
    assert states["unusual"].result() == 3
    assert states["asynchronous"].result() == 6
    print(json.dumps({name: str(s.state_details.flow_run_id) for name, s in states.items()}))
