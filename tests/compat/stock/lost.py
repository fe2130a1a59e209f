"""Flows that write who entered their code; one of them is slow to load, the first time.

python lost.py
"""

import json
import os
import time
from pathlib import Path

from prefect import flow
from prefect.runtime import flow_run

HERE = Path(os.environ.get("LOST", "."))


@flow
def lost(gate=None):
    line = f"{flow_run.id} {execution()} {os.environ['MACHINE']}\n"
    ledger = os.open(HERE / "ledger", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(ledger, line.encode())
    os.close(ledger)
    while gate and not (HERE / gate).exists():
        time.sleep(0.05)


def execution():
    headers = json.loads(os.environ.get("PREFECT_CLIENT_CUSTOM_HEADERS", "{}"))
    return headers.get("X-Windlass-Execution", "none")


if __name__ == "__main__":
    lost.serve(name="served")
