"""Futures, maps and what flows return; prints JSON of the runs it made and of what it saw.

python j08_futures.py
"""

import json
import os
import time

from prefect import flow, get_run_logger, task, unmapped
from prefect.futures import wait
from prefect.states import Completed, Failed
from prefect.task_runners import ProcessPoolTaskRunner

seen = {}


@task
def t_a():
    time.sleep(0.3)
    return "a"


@task
def t_b():
    time.sleep(0.5)
    return "b"


@task
def t_c():
    return "c"


@task
def add(x, y):
    return x + y


@task
def sum_plus(x, values):
    return x + sum(values)


@task
def process(x):
    if x < 0:
        raise ValueError(f"{x} is negative")
    return x


@flow
def g():
    a = t_a.submit()
    b = t_b.submit()
    c = t_c.submit(wait_for=[a, b])
    d = add.map([1, 2, 3], 5)
    e = sum_plus.map([4, 5, 6], unmapped([1, 2, 3]))
    assert d.result() == [6, 7, 8]
    assert e.result() == [10, 11, 12]
    done, not_done = wait(process.map([1, -2, 3, -4, 5]))
    states = [future.state.name for future in done]
    seen["mapped"] = [states.count("Completed"), states.count("Failed"), len(not_done)]
    return c


@flow
def raises():
    raise ValueError("raised")


@flow
def returns_failed():
    return Failed(message="returned")


@flow
def tuple_with_failed_future():
    good, bad = process.submit(1), process.submit(-1)
    wait([good, bad])
    return good, bad


@flow
def literal():
    seen["error"] = type(process.submit(-1).result(raise_on_failure=False)).__name__
    return "text"


@flow
def skipped():
    return Completed(name="Skipped")


@task
def in_process(number):
    get_run_logger().info("number %s in a process", number)
    start = time.time()
    time.sleep(0.5)
    return os.getpid(), start, time.time()


@flow(task_runner=ProcessPoolTaskRunner(max_workers=3))
def in_processes():
    return in_process.map(list(range(6))).result()


if __name__ == "__main__":
    flows = [g, raises, returns_failed, tuple_with_failed_future, literal, skipped, in_processes]
    states = {flow.fn.__name__: flow(return_state=True) for flow in flows}
    seen["processes"] = states["in_processes"].result()
    seen["me"] = os.getpid()
    runs = {name: str(state.state_details.flow_run_id) for name, state in states.items()}
    print(json.dumps({"runs": runs, "seen": seen}))
