"""Holds slots of limits, outside and inside of runs.

    python j09_limits.py hold LIMIT [strict]   # until it is killed; says that it holds, and goes on
    python j09_limits.py limits                # prints JSON of what it saw

The limits `api` (decays by one a second), `off` (disabled), `steady` (never decays), and those of
the tags `database` (1) and `never` (0) exist before.
"""

import json
import sys
import time

from prefect import flow, task
from prefect.concurrency.sync import concurrency, rate_limit

spans = []


def hold(limit: str, strict: bool) -> None:
    with concurrency(limit, occupy=1, lease_duration=60, strict=strict):
        print(f"holds {time.time()}", flush=True)
        while True:
            time.sleep(0.1)


@task(tags=["database"])
def query():
    start = time.monotonic()
    time.sleep(0.2)
    spans.append((start, time.monotonic()))


@task(tags=["never"])
def never():
    raise AssertionError("no slot can be had")


@flow
def tagged():
    for future in [query.submit() for _ in range(3)]:
        future.result()
    return named(never)


def named(action) -> str:
    try:
        action()
    except Exception as error:
        return type(error).__name__
    return "nothing"


def hold_at_once(limit: str, strict: bool = False) -> None:
    with concurrency(limit, strict=strict), concurrency(limit, strict=strict):
        pass


def look() -> dict[str, object]:
    hits = []
    for _ in range(5):
        rate_limit("api")
        hits.append(time.monotonic())
    return {
        "hits": hits,
        "no decay": named(lambda: rate_limit("steady")),
        "unknown": named(lambda: hold_at_once("unknown")),
        "unknown and strict": named(lambda: hold_at_once("unknown", strict=True)),
        "disabled": named(lambda: hold_at_once("off", strict=True)),
        "spans": spans,
        "never": tagged(),
    }


if __name__ == "__main__":
    if sys.argv[1] == "hold":
        hold(sys.argv[2], sys.argv[3:] == ["strict"])
    else:
        print(json.dumps(look()))
