"""`windlass server start`, `stop` and `status`."""

import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Final, TypedDict, Unpack

import click

from windlass.cli.addresses import answers, base_url
from windlass.cli.asking import can_ask
from windlass.cli.background import Background
from windlass.cli.console import fail, output_option, print_json, say
from windlass.cli.rooms import SERVICES, enter
from windlass.settings import (
    Settings,
    environment_of,
    get_current_settings,
    load_current_profile,
    temporary_settings,
    update_current_profile,
)

_SECONDS_TO_START: Final = 60.0
_SECONDS_TO_STOP: Final = 10.0
"""On top of the grace that the server gives to what runs in it."""
_LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class _SettingsSaid(TypedDict):
    host: str | None
    port: int | None
    keep_alive_timeout: int | None
    log_level: str | None
    scheduler: bool | None
    late_runs: bool | None


_PATHS: Final[Mapping[str, str]] = {
    "host": "server.api.host",
    "port": "server.api.port",
    "keep_alive_timeout": "server.api.keepalive_timeout",
    "log_level": "server.logging_level",
    "scheduler": "server.services.scheduler.enabled",
    "late_runs": "server.services.late_runs.enabled",
}


@click.command()
@click.option("--host", help="Address to listen on (WINDLASS_SERVER_API_HOST).")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port to listen on (WINDLASS_SERVER_API_PORT)."
)
@click.option("--keep-alive-timeout", type=click.IntRange(0), help="Seconds for idle connections.")
@click.option("--log-level", type=click.Choice(_LEVELS, case_sensitive=False))
@click.option("--scheduler/--no-scheduler", default=None, help="Create the runs of schedules.")
@click.option("--late-runs/--no-late-runs", default=None, help="Mark runs that are late.")
@click.option("--no-services", is_flag=True, help="HTTP and websockets only.")
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Processes that answer HTTP; more than one needs --no-services.",
)
@click.option("--background", "-b", is_flag=True, help="Go on without this terminal.")
def start(no_services: bool, workers: int, background: bool, **said: Unpack[_SettingsSaid]) -> int:
    """Start a server: everything in one process, unless told otherwise."""
    if workers > 1 and not no_services:
        raise click.UsageError(
            "--workers above 1 needs --no-services: run the services with"
            " `windlass server services start`."
        )
    values = {_PATHS[option]: value for option, value in said.items() if value is not None}
    arguments = ["api"] if no_services else []
    if workers > 1:
        arguments += ["--workers", str(workers)]
    with temporary_settings(values):
        return _start_in_background(arguments) if background else _start_here(arguments)


@click.command()
def stop() -> None:
    """Stop the server in the background."""
    settings = get_current_settings()
    stopped = _background(settings).stop(settings.server.shutdown_grace_seconds + _SECONDS_TO_STOP)
    say("Stopped the server." if stopped else "No server runs in the background.")


@click.command()
@click.option("--wait", is_flag=True, help="Wait until it answers.")
@click.option("--timeout", type=click.FloatRange(0), default=60.0, show_default=True)
@output_option
def status(wait: bool, timeout: float, output: str | None) -> None:
    """Say whether the server answers; fails if it does not."""
    settings = get_current_settings()
    running = _background(settings).find()
    own = base_url(settings.server.api.host, settings.server.api.port) + "/api"
    url = running.url if running else (settings.api.url or own).rstrip("/")
    deadline = time.monotonic() + timeout
    while not (up := answers(f"{url}/health")) and wait and time.monotonic() < deadline:
        time.sleep(0.1)
    if output:
        print_json({"url": url, "healthy": up, "pid": running.pid if running else None})
        if not up:
            sys.exit(1)
        return
    if not up:
        fail(
            f"The server at {url} does not answer.",
            hint="Start one with `windlass server start`, or set WINDLASS_API_URL to its address.",
        )
    where = f" (process {running.pid}, in the background)" if running else ""
    say(f"The server at {url} is healthy{where}.")


def _start_here(arguments: Sequence[str]) -> int:
    api = get_current_settings().server.api
    main = enter(SERVICES)
    url = f"{base_url(api.host, api.port)}/api"
    if api.port:
        say(f"Starting a Windlass server with its API at {url} (Ctrl+C stops it).")
        _offer_to_use(url)
    # For the processes that this one starts: what was said here is known in this one only.
    os.environ.update(environment_of(get_current_settings()))
    return main([*arguments, "--host", api.host, "--port", str(api.port)])


def _start_in_background(arguments: Sequence[str]) -> int:
    settings = get_current_settings()
    api = settings.server.api
    if not api.port:
        raise click.UsageError("--background needs a port that can be told before it starts.")
    url = f"{base_url(api.host, api.port)}/api"
    process = _background(settings)
    command = [sys.executable, "-m", "windlass_services", *arguments]
    running = process.start(
        [*command, "--host", api.host, "--port", str(api.port)],
        url,
        environment={**os.environ, **environment_of(settings)},
        is_up=lambda: answers(f"{url}/health"),
        patience=_SECONDS_TO_START,
    )
    say(f"The server runs in the background (process {running.pid}), its API is at {url}.")
    say(f"Its log is {process.log_file}. Stop it with `{process.stop_command}`.")
    _offer_to_use(url)
    return 0


def _background(settings: Settings) -> Background:
    return Background("server", settings.home, "windlass server stop")


def _offer_to_use(url: str) -> None:
    """Commands in other terminals need to know where the server is."""
    current = get_current_settings().api.url
    if current is not None and current.rstrip("/") == url:
        return
    if current is None and can_ask():
        profile = load_current_profile()
        if click.confirm(f"Set WINDLASS_API_URL to {url} in profile {profile.name!r}?"):
            update_current_profile({"WINDLASS_API_URL": url})
            return
    say(f"To use it, run `windlass config set WINDLASS_API_URL={url}`.")
