"""Holds slots of concurrency limits in every way that there is; prints JSON of what it saw.

The limits `one` and `rate`, and the limit 1 of the tag `db`, exist before.
"""

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor

from prefect import flow, task
from prefect.concurrency.asyncio import concurrency as concurrency_async
from prefect.concurrency.sync import concurrency, rate_limit

spans: dict[str, list[tuple[float, float]]] = {"sync": [], "async": [], "tag": []}
seen: dict[str, object] = {}


def hold() -> None:
    with concurrency("one", occupy=1):
        start = time.monotonic()
        time.sleep(0.1)
        spans["sync"].append((start, time.monotonic()))


async def hold_async() -> None:
    async with concurrency_async(["one", "unknown"]):
        start = time.monotonic()
        await asyncio.sleep(0.1)
        spans["async"].append((start, time.monotonic()))


@task(tags=["db"])
def query() -> None:
    start = time.monotonic()
    time.sleep(0.1)
    spans["tag"].append((start, time.monotonic()))


@flow
def limited() -> None:
    for future in [query.submit() for _ in range(3)]:
        future.result()


def named(action) -> str:
    try:
        action()
    except Exception as error:
        return type(error).__name__
    return "nothing"


def too_late() -> None:
    with concurrency("one"), concurrency("one", timeout_seconds=0.5):
        pass


def unknown_and_strict() -> None:
    with concurrency("unknown", strict=True):
        pass


async def all_async() -> None:
    await asyncio.gather(*(hold_async() for _ in range(3)))


if __name__ == "__main__":
    with ThreadPoolExecutor(3) as threads:
        for done in [threads.submit(hold) for _ in range(3)]:
            done.result()
    asyncio.run(all_async())
    limited()
    start = time.monotonic()
    for _ in range(4):
        rate_limit("rate")
    seen["rate"] = time.monotonic() - start
    seen["too late"] = named(too_late)
    seen["strict"] = named(unknown_and_strict)
    seen["no decay"] = named(lambda: rate_limit("one"))
    print(json.dumps({"spans": spans, "seen": seen}))
