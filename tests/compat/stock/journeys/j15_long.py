"""Flows that last until something ends them, with hooks that leave a file behind.

python j15_long.py POOL...
"""

import os
import sys
import time
from pathlib import Path

from prefect import flow

HERE = Path(__file__).parent


def leave_file(flow, flow_run, state):
    (HERE / f"{state.type.value.lower()}-{flow_run.id}").touch()


@flow(log_prints=True, on_crashed=[leave_file], on_cancellation=[leave_file])
def long(seconds=300):
    print(f"process {os.getpid()}.")
    time.sleep(seconds)


@flow
def child():
    time.sleep(300)


@flow
def parent():
    child()


if __name__ == "__main__":
    for pool in sys.argv[1:]:
        for each in (long, parent):
            remote = flow.from_source(
                source=str(HERE), entrypoint=f"{Path(__file__).name}:{each.fn.__name__}"
            )
            remote.deploy(name=pool, work_pool_name=pool)
