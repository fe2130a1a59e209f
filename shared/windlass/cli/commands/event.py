"""`windlass event`: emit events, and follow those that happen."""

import asyncio
import json
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import click
from pydantic import ValidationError

from windlass.cli.console import fail, say
from windlass.cli.parameters import json_object, reading, reason_of
from windlass.client.orchestration import get_client
from windlass.events.clients import get_events_subscriber
from windlass.events.schemas.events import Event
from windlass.schemas.base import JsonObject
from windlass.schemas.events import RESOURCE_ID, ReceivedEvent


def _labels(text: str) -> JsonObject:
    """Labels as JSON, or one as `key=value`. Raises ValueError."""
    if text.lstrip().startswith("{"):
        return json_object(text)
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise ValueError(f"{text!r} is not of the form key=value, nor JSON")
    return {key: value}


def _related(text: str) -> list[Any]:
    """Related resources as JSON: one, or a list. Raises ValueError."""
    try:
        said: Any = json.loads(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is not JSON: {error}") from error
    return cast("list[Any]", said) if isinstance(said, list) else [said]


@click.group()
def event() -> None:
    """Emit and follow events."""


@event.command()
@click.argument("event")
@click.option(
    "--resource",
    "-r",
    "resources",
    multiple=True,
    metavar="KEY=VALUE|JSON",
    callback=reading(_labels),
    help="Labels of the resource. Repeatable.",
)
@click.option("--resource-id", help="The label prefect.resource.id.")
@click.option(
    "--related",
    metavar="JSON",
    callback=reading(_related),
    help="Related resources: one, or a list.",
)
@click.option("--payload", "-p", metavar="JSON", callback=reading(json_object))
def emit(
    event: str,
    resources: tuple[JsonObject, ...],
    resource_id: str | None,
    related: list[Any] | None,
    payload: JsonObject | None,
) -> None:
    """Emit one event, and wait until it is stored."""
    labels = {key: value for each in resources for key, value in each.items()}
    if resource_id is not None:
        labels[RESOURCE_ID] = resource_id
    said: JsonObject = {"event": event, "resource": labels}
    try:
        made = Event.model_validate(said | {"related": related or [], "payload": payload or {}})
    except ValidationError as error:
        fail(reason_of(error), hint="Name the resource with --resource-id.")
    with get_client(sync_client=True) as client:
        client.create_events([made])
    say(f"Emitted the event {made.event!r} ({made.id}).")


@event.command()
@click.option(
    "--format",
    "look",
    type=click.Choice(["json", "text"], case_sensitive=False),
    default="json",
    show_default=True,
)
@click.option(
    "--output-file", type=click.Path(dir_okay=False, path_type=Path), help="Append to this file."
)
@click.option("--run-once", is_flag=True, help="End after one event.")
def stream(look: str, output_file: Path | None, run_once: bool) -> None:
    """Show events as they happen, one on a line."""
    with suppress(KeyboardInterrupt):
        asyncio.run(_follow(look, output_file, run_once))


async def _follow(look: str, output_file: Path | None, run_once: bool) -> None:
    async with get_events_subscriber() as events:
        click.echo("Waiting for events (Ctrl+C ends it).", err=True)
        async for received in events:
            _tell(_shown(received, look), output_file)
            if run_once:
                return


def _shown(received: ReceivedEvent, look: str) -> str:
    if look == "json":
        return received.model_dump_json()
    occurred = received.occurred.isoformat(timespec="milliseconds")
    return f"{occurred} {received.event} {received.resource.id}"


def _tell(line: str, output_file: Path | None) -> None:
    if output_file is None:
        click.echo(line)
        return
    with output_file.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
