"""A flow that needs what the requirements of its project name."""

import os
from importlib import import_module

from prefect import flow

BRANCH = "main"


@flow(log_prints=True)
def my_flow(n: int):
    # It is installed for the run, after the flow was deployed.
    greeting = import_module("greeting")
    print(f"{greeting.WORD} from a: {BRANCH} {n} {os.environ['TAG']}")
