"""`windlass server services`: the background services, together or one by one."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from windlass.cli.addresses import answers, base_url
from windlass.cli.background import Background
from windlass.cli.console import Cell, output_option, print_json, print_rows, say
from windlass.cli.rooms import SERVICES, enter
from windlass.settings import environment_of, get_current_settings
from windlass.settings.server.services import ServerServicesSettings

_NAMES: Final = ("api", "scheduler", "triggers")
_BACKGROUND: Final = ("scheduler", "triggers")
_PORTS: Final = {"scheduler": 4201, "triggers": 4202}
_SECONDS_TO_START: Final = 60.0
_SECONDS_TO_STOP: Final = 10.0
_PREFIX: Final = "services"
_STOP: Final = "windlass server services stop"


@click.group()
def services() -> None:
    """Run the services of a server in processes of their own."""


@services.command()
@output_option
def ls(output: str | None) -> None:
    """List the background services, and whether they are enabled."""
    found = list(_services())
    if output:
        print_json(found)
        return
    rows = (
        (
            str(one["name"]),
            Cell("yes", "green") if one["enabled"] else Cell("no", "red"),
            str(one["setting"]),
            str(one["description"]),
        )
        for one in found
    )
    print_rows("Services", ("Name", "Enabled", "Setting", "What it does"), rows)


@services.command()
@click.argument("names", nargs=-1, type=click.Choice(_NAMES), metavar="[api|scheduler|triggers]...")
@click.option("--host", help="Address of the probes, or of the API.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="Port of the probes (4201, of triggers alone 4202), or of the API.",
)
@click.option("--background", "-b", is_flag=True, help="Go on without this terminal.")
def start(names: tuple[str, ...], host: str | None, port: int | None, background: bool) -> int:
    """Start these services in one process; without a name, all but the API."""
    settings = get_current_settings()
    chosen = names or _BACKGROUND
    host = host or settings.server.api.host
    serves_api = "api" in chosen
    port = port or (settings.server.api.port if serves_api else _PORTS[min(chosen)])
    option = "--port" if serves_api else "--probe-port"
    arguments = [*chosen, "--host", host, option, str(port)]
    if not background:
        return enter(SERVICES)(arguments)
    url = base_url(host, port)
    probe = f"{url}/api/health" if serves_api else f"{url}/health/ready"
    process = Background("-".join([_PREFIX, *names]), settings.home, _STOP)
    running = process.start(
        [sys.executable, "-m", "windlass_services", *arguments],
        url,
        environment={**os.environ, **environment_of(settings)},
        is_up=lambda: answers(probe),
        patience=_SECONDS_TO_START,
    )
    say(f"{', '.join(chosen)} run in the background (process {running.pid}), probes at {url}.")
    say(f"The log is {process.log_file}. Stop them with `{_STOP}`.")
    return 0


@services.command()
def stop() -> None:
    """Stop every service that was started in the background."""
    settings = get_current_settings()
    patience = settings.server.shutdown_grace_seconds + _SECONDS_TO_STOP
    stopped = [each.name for each in _in_background(settings.home) if each.stop(patience)]
    say(f"Stopped {', '.join(stopped)}." if stopped else "No services run in the background.")


for alias, command in (("list-services", ls), ("start-services", start), ("stop-services", stop)):
    services.add_command(
        click.Command(
            alias,
            params=command.params,
            callback=command.callback,
            help=command.help,
            hidden=True,
        )
    )


def _services() -> Iterator[dict[str, str | bool]]:
    current = get_current_settings().server.services
    for name, kind in ServerServicesSettings.groups.items():
        yield {
            "name": name,
            "enabled": bool(getattr(getattr(current, name), "enabled", True)),
            "setting": f"WINDLASS_SERVER_SERVICES_{name.upper()}_ENABLED",
            "description": (kind.__doc__ or "").strip(),
        }


def _in_background(home: Path) -> list[Background]:
    return [Background(path.stem, home, _STOP) for path in sorted(home.glob(f"{_PREFIX}*.pid"))]
