"""Tasks and flows that fail, try again, and time out; prints JSON of what it saw.

python j06_retries.py            # what decorators say
python j06_retries.py defaults   # what settings say of tasks that say nothing
"""

import json
import sys
import time

from prefect import flow, task

calls = {"flaky": 0, "failing": 0, "plain": 0}
hooks = {"on_running": 0, "on_failure": 0, "notify": 0}


def count(task, run, state):
    hooks["on_running"] += 1


def note(task, run, state):
    hooks["on_failure"] += 1


@task(
    retries=4,
    retry_delay_seconds=[1, 2, 4, 8],
    retry_jitter_factor=0.5,
    retry_condition_fn=lambda task, run, state: True,
    on_running=[count],
    on_failure=[note],
)
def flaky():
    calls["flaky"] += 1
    assert calls["flaky"] > 2
    return "ok"


@task(retries=4, retry_condition_fn=lambda task, run, state: False)
def hopeless():
    raise ValueError("not worth another try")


@flow
def retrying():
    hopeless(return_state=True)
    return flaky()


@flow(timeout_seconds=1)
def slow():
    time.sleep(5)


@flow(retries=1)
def failing():
    calls["failing"] += 1
    raise ValueError("failing on purpose")


@failing.on_failure
def notify(flow, run, state):
    hooks["notify"] += 1


@task
def plain():
    calls["plain"] += 1
    assert calls["plain"] > 2


@task(retries=0)
def firm():
    raise ValueError("once is enough")


@flow
def by_default():
    firm(return_state=True)
    plain()
    return "ok"


def reraised() -> str:
    try:
        failing()
    except ValueError as error:
        return str(error)
    return "nothing"


if __name__ == "__main__":
    if sys.argv[1:] == ["defaults"]:
        states = {"by_default": by_default(return_state=True)}
        seen = {}
    else:
        states = {"retrying": retrying(return_state=True), "slow": slow(return_state=True)}
        seen = {"reraised": reraised(), "calls": calls, "hooks": hooks}
    runs = {name: str(state.state_details.flow_run_id) for name, state in states.items()}
    print(json.dumps({"runs": runs, "seen": seen}))
