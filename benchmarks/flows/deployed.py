"""What a worker starts: nothing but a report of the memory that the process of a run takes."""

import os
from importlib import import_module
from pathlib import Path

sdk = import_module(os.environ.get("BENCH_SDK", "windlass"))


@sdk.flow
def deployed() -> None:
    if target := os.environ.get("BENCH_MEMORY"):
        Path(target).write_text(Path("/proc/self/smaps_rollup").read_text())
