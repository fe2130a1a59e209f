"""The first workflow of a user, run at once or served on a schedule.

python j01_quick.py
python j01_quick.py serve [keep]
"""

import os
import random
import signal
import sys

from prefect import flow, task


@task
def get_ids():
    return [f"customer{n}" for n in random.choices(range(100), k=10)]


@task
def process(customer):
    return f"Processed {customer}"


@flow(log_prints=True)
def main():
    print(f"process {os.getpid()}")
    return process.map(get_ids())


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        # A shell that starts its children in the background lets them ignore Ctrl+C.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        main.serve(
            name="my-first-deployment",
            cron="0 8 * * *",
            pause_on_shutdown=sys.argv[2:] != ["keep"],
        )
    else:
        main()
