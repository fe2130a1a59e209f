"""A flow that is deployed."""

import time

from prefect import flow, get_run_logger, task


@task
def shout(name):
    get_run_logger().info("HELLO %s", name.upper())


@flow(log_prints=True)
def greet(name="you", seconds=0.0):
    print(f"greeting {name}")
    time.sleep(seconds)
    shout(name)
