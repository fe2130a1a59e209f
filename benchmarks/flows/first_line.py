"""Say how long it took from the start of the interpreter to the first line of the body."""

import os
import time
from importlib import import_module

sdk = import_module(os.environ["BENCH_SDK"])


@sdk.flow
def first_line() -> None:
    print(f"BENCH {time.time() - float(os.environ['BENCH_BEGUN']):.4f}", flush=True)


if __name__ == "__main__":
    first_line()
