"""A flow that takes its time in small steps, and what a staging server holds.

    python j20_steps.py deploy
    python j20_steps.py fill

The first deploys the flow to the pool `fleet`; the second makes something of every kind that is
transferred.
"""

import sys
import time
from datetime import timedelta
from pathlib import Path

from prefect import flow, task
from prefect.automations import Automation
from prefect.blocks.system import Secret
from prefect.events.actions import RunDeployment
from prefect.events.schemas.automations import EventTrigger
from prefect.schedules import Interval
from prefect.variables import Variable

HERE = Path(__file__).parent


@task
def step(number):
    time.sleep(0.2)
    return number


@flow
def steps():
    """Goes on until it is told to end, and for some steps more."""
    done = 0
    while not (HERE / "end-of-steps").exists():
        done += step(1)
    return done + sum(step(1) for _ in range(3))


def deploy(name, pool, **more):
    remote = flow.from_source(source=str(HERE), entrypoint=f"{Path(__file__).name}:steps")
    return remote.deploy(name=name, work_pool_name=pool, **more)


def fill():
    id = deploy("moved", "vans", work_queue_name="fast", schedule=Interval(timedelta(days=1)))
    Variable.set("street", "Elm")
    Secret(value="sesame").save("door")
    Automation(
        name="restart",
        trigger=EventTrigger(expect={"prefect.flow-run.Failed"}),
        actions=[RunDeployment(source="selected", deployment_id=id)],
    ).create()


if __name__ == "__main__":
    if sys.argv[1] == "fill":
        fill()
    else:
        deploy("d", "fleet")
