"""`windlass server`: start and stop a server, its services, and look after its database."""

import click

from windlass.cli.commands.server.database import database
from windlass.cli.commands.server.dead_letters import dead_letters
from windlass.cli.commands.server.lifecycle import start, status, stop
from windlass.cli.commands.server.services import services


@click.group()
def server() -> None:
    """Start and look after a server."""


for command in (start, stop, status, services, database, dead_letters):
    server.add_command(command)
