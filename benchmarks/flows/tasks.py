"""Call a task that does nothing, many times: one after the other, or mapped."""

import os
import time
from importlib import import_module

sdk = import_module(os.environ["BENCH_SDK"])
COUNT = int(os.environ.get("BENCH_COUNT", "1000"))


@sdk.task
def nothing(number: int) -> int:
    return number


@sdk.flow
def called() -> None:
    _begin()
    for number in range(COUNT):
        nothing(number)


@sdk.flow
def mapped() -> None:
    _begin()
    nothing.map(range(COUNT)).result()


def _begin() -> None:
    print(f"BENCH {time.time():.4f}", flush=True)


if __name__ == "__main__":
    {"called": called, "mapped": mapped}[os.environ["BENCH_HOW"]]()
