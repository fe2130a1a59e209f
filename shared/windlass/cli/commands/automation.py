"""`windlass automation`: what the server does when events happen, or do not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import click
import yaml
from pydantic import ValidationError

from windlass.cli.asking import confirm
from windlass.cli.console import Cell, fail, print_details, print_json, print_rows, say
from windlass.cli.paging import every
from windlass.cli.parameters import reason_of
from windlass.client.orchestration import SyncWindlassClient, get_client
from windlass.exceptions import ApiError
from windlass.schemas.automations import Automation, AutomationCore
from windlass.schemas.filters.automations import AutomationQuery

name_argument = click.argument("name", required=False)
id_option = click.option("--id", type=click.UUID, help="The id of the automation.")


@click.group()
def automation() -> None:
    """Manage automations."""


@automation.command()
def ls() -> None:
    """List automations, by name."""
    with get_client(sync_client=True) as client:
        found = list(_all(client))
    print_rows(
        "Automations",
        ("ID", "Name", "Enabled", "Tags", "Trigger", "Actions"),
        (
            (
                str(each.id),
                each.name,
                Cell("yes", "green") if each.enabled else Cell("no", "red"),
                ", ".join(each.tags),
                each.trigger.type,
                ", ".join(action.type for action in each.all_actions),
            )
            for each in found
        ),
    )


@automation.command()
@name_argument
@id_option
@click.option("--yaml", "as_yaml", is_flag=True, help="The same as --output yaml.")
@click.option("--json", "as_json", is_flag=True, help="The same as --output json.")
@click.option("--output", "-o", type=click.Choice(["json", "yaml"]), help="For programs to read.")
def inspect(
    name: str | None, id: UUID | None, as_yaml: bool, as_json: bool, output: str | None
) -> None:
    """Show everything about an automation: by name a list, as several may share one."""
    with get_client(sync_client=True) as client:
        found = _named(client, name, id)
    shown = [each.model_dump(mode="json") for each in found]
    if output == "json" or as_json:
        print_json(shown[0] if id else shown)
    elif output == "yaml" or as_yaml:
        click.echo(yaml.safe_dump(shown[0] if id else shown, sort_keys=False), nl=False)
    else:
        for each in found:
            print_details(each)


@automation.command()
@click.option(
    "--from-file",
    "-f",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A YAML or JSON file with one automation, a list, or a list under `automations`.",
)
@click.option("--from-json", "-j", "text", help="The same as JSON.")
def create(path: Path | None, text: str | None) -> None:
    """Make automations: all that can be made, and 1 if some cannot."""
    if (path is None) == (text is None):
        raise click.UsageError("Give --from-file or --from-json: exactly one of them.")
    declared = _read(path.read_text("utf-8") if path is not None else text or "")
    failed = 0
    with get_client(sync_client=True) as client:
        for each in declared:
            try:
                wanted = AutomationCore.model_validate(each)
                id = client.create_automation(wanted)
            except (ValidationError, ApiError) as error:
                reason = reason_of(error) if isinstance(error, ValidationError) else str(error)
                said: Any = cast("dict[str, Any]", each) if isinstance(each, dict) else {}
                click.secho(f"Not made: {said.get('name')!r}: {reason}", err=True, fg="red")
                failed += 1
            else:
                say(f"Made the automation {wanted.name!r} ({id}).")
    if failed:
        fail(f"{failed} of {len(declared)} could not be made.")


@automation.command()
@name_argument
@id_option
def resume(name: str | None, id: UUID | None) -> None:
    """Let an automation act again."""
    _act(name, id, lambda client, one: client.resume_automation(one.id), "Resumed")


@automation.command()
@name_argument
@id_option
def pause(name: str | None, id: UUID | None) -> None:
    """Let an automation rest."""
    _act(name, id, lambda client, one: client.pause_automation(one.id), "Paused")


automation.add_command(resume, "enable")
automation.add_command(pause, "disable")


@automation.command()
@name_argument
@id_option
@click.option("--all", "every_one", is_flag=True, help="All automations.")
def delete(name: str | None, id: UUID | None, every_one: bool) -> None:
    """Delete an automation."""
    if not every_one:
        _act(name, id, lambda client, one: client.delete_automation(one.id), "Deleted", ask=True)
        return
    if name is not None or id is not None:
        raise click.UsageError("Give --all, or which one, not both.")
    with get_client(sync_client=True) as client:
        found = list(_all(client))
        confirm(f"Delete all {len(found)} automations?")
        for each in found:
            client.delete_automation(each.id)
    say(f"Deleted {len(found)} automations.")


def _act(
    name: str | None,
    id: UUID | None,
    act: Callable[[SyncWindlassClient, Automation], None],
    done: str,
    *,
    ask: bool = False,
) -> None:
    with get_client(sync_client=True) as client:
        found = _named(client, name, id)
        if len(found) > 1:
            ids = ", ".join(str(each.id) for each in found)
            fail(f"There are {len(found)} automations named {name!r}: say --id, of {ids}.")
        if ask:
            confirm(f"Delete the automation {found[0].name!r}?")
        act(client, found[0])
    say(f"{done} the automation {found[0].name!r} ({found[0].id}).")


def _named(client: SyncWindlassClient, name: str | None, id: UUID | None) -> list[Automation]:
    if (name is None) == (id is None):
        raise click.UsageError("Give the name of the automation or its --id: exactly one of them.")
    if id is not None:
        return [client.read_automation(id)]
    found = client.read_automations_by_name(name or "")
    if not found:
        fail(f"There is no automation named {name!r}.", hint="`windlass automation ls` lists all.")
    return found


def _all(client: SyncWindlassClient) -> list[Automation]:
    read = client.read_automations
    return list(every(lambda offset, limit: read(AutomationQuery(offset=offset, limit=limit))))


def _read(text: str) -> list[Any]:
    """What a text declares, as JSON or YAML."""
    try:
        # JSON is YAML too.
        said: Any = yaml.safe_load(text)
    except yaml.YAMLError as error:
        fail(f"That is neither JSON nor YAML: {' '.join(str(error).split())}.")
    if isinstance(said, dict) and "automations" in said:
        said = cast("dict[str, Any]", said)["automations"]
    return cast("list[Any]", said) if isinstance(said, list) else [said]
