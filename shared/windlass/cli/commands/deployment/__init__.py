"""`windlass deployment`: look at deployments, run, schedule and delete them."""

import click

from windlass.cli.commands.deployment.listing import delete, inspect, ls
from windlass.cli.commands.deployment.running import run
from windlass.cli.commands.deployment.schedules import schedule


@click.group()
def deployment() -> None:
    """Inspect, run and schedule deployments."""


for command in (ls, inspect, run, delete, schedule):
    deployment.add_command(command)
