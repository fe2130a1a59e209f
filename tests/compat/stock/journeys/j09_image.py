"""Flows that share a machine: many download at a time, few may use the graphics card.

python j09_image.py deploy    # to the pool `ml-pool`
python j09_image.py submit gpu-1 20   # so many runs to the queue of a machine
"""

import os
import sys
import time
from pathlib import Path

from prefect import flow, task
from prefect.concurrency.sync import concurrency
from prefect.deployments import run_deployment

MACHINE = os.environ.get("WORKER_ID", "nobody")
SEEN = Path.home() / "seen"


def note(what: str, image_id: int) -> None:
    """Keeps the time of what happened to an image on this machine."""
    (SEEN / f"{MACHINE}-{what}-{image_id}").write_text(str(time.time()))


@task
def download(image_id):
    note("download", image_id)
    # Until there are more at a time than may infer at a time.
    while len(list(SEEN.glob(f"{MACHINE}-download-*"))) < 3:
        time.sleep(0.1)


@task
def infer(image_id):
    with concurrency(f"gpu:{MACHINE}", occupy=1, strict=True):
        note("start", image_id)
        time.sleep(0.5)
        note("end", image_id)


@flow
def process_image(image_id: int):
    download(image_id)
    infer(image_id)


if __name__ == "__main__":
    SEEN.mkdir(exist_ok=True)
    if sys.argv[1] == "deploy":
        here = Path(__file__)
        process_image.from_source(
            source=str(here.parent), entrypoint=f"{here.name}:process_image"
        ).deploy(name="process-image", work_pool_name="ml-pool", print_next_steps=False)
    else:
        for image_id in range(int(sys.argv[3])):
            run_deployment(
                "process-image/process-image",
                parameters={"image_id": image_id},
                work_queue_name=sys.argv[2],
                timeout=0,
            )
