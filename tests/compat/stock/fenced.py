"""A flow that says which execution it is, and ends when that one is let go."""

import json
import os
import time
from pathlib import Path

from prefect import flow, task


@task
def wait_for(file):
    while not file.exists():
        time.sleep(0.05)


@flow
def fenced(folder):
    headers = json.loads(os.environ["PREFECT_CLIENT_CUSTOM_HEADERS"])
    generation = headers["X-Windlass-Execution"].rpartition(".")[2]
    folder = Path(folder)
    started = folder / f"pid-{generation}"
    started.write_text(str(os.getpid()))
    started.rename(folder / f"started-{generation}")
    wait_for(folder / f"go-{generation}")
    return generation
