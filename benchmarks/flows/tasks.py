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
    for number in range(COUNT):
        nothing(number)


@sdk.flow
def mapped() -> None:
    nothing.map(range(COUNT)).result()


if __name__ == "__main__":
    begun = time.time()
    {"called": called, "mapped": mapped}[os.environ["BENCH_HOW"]]()
    print(f"BENCH {begun:.4f} {time.time() - begun:.4f}", flush=True)
