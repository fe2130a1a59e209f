"""`windlass variable`: the named values that flows, deployments and people share."""

import json

import click

from windlass.cli.asking import confirm
from windlass.cli.console import (
    fail,
    output_option,
    print_details,
    print_json,
    print_rows,
    say,
)
from windlass.cli.moments import tell_moment
from windlass.cli.paging import first
from windlass.cli.parameters import json_or_text, reason_of
from windlass.client.orchestration import SyncWindlassClient, get_client
from windlass.clock import utc_now
from windlass.exceptions import ObjectAlreadyExists
from windlass.schemas.filters.variables import VariableQuery
from windlass.schemas.variables import (
    Variable,
    VariableCreate,
    VariableUpdate,
    VariableValue,
)

_LONGEST_SHOWN = 80


@click.group()
def variable() -> None:
    """Manage variables."""


@variable.command()
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True)
@output_option
def ls(limit: int, output: str | None) -> None:
    """List variables by name."""
    with get_client(sync_client=True) as client:
        variables = first(
            limit,
            lambda offset, size: client.read_variables(VariableQuery(offset=offset, limit=size)),
        )
    if output:
        print_json(variables)
        return
    now = utc_now()
    rows = (
        (one.name, _shown(one), tell_moment(one.created, now), tell_moment(one.updated, now))
        for one in variables
    )
    print_rows("Variables", ("Name", "Value", "Created", "Updated"), rows)


@variable.command()
@click.argument("name")
@output_option
def inspect(name: str, output: str | None) -> None:
    """Show a variable."""
    with get_client(sync_client=True) as client:
        found = _find(client, name)
    if output:
        print_json(found)
    else:
        print_details(found)


@variable.command()
@click.argument("name")
def get(name: str) -> None:
    """Print the value of a variable; JSON unless it is text."""
    with get_client(sync_client=True) as client:
        say(_as_text(_find(client, name).value))


@variable.command()
@click.argument("name")
@click.argument("value")
@click.option("--overwrite", is_flag=True, help="Change it if it is there already.")
@click.option("--tag", "tags", multiple=True, help="A tag of the variable. Repeatable.")
def set(name: str, value: str, overwrite: bool, tags: tuple[str, ...]) -> None:
    """Set a variable. VALUE is read as JSON if it is JSON, else as text."""
    try:
        wanted = VariableCreate(name=name, value=json_or_text(value), tags=list(tags))
    except ValueError as error:
        fail(reason_of(error))
    with get_client(sync_client=True) as client:
        try:
            client.create_variable(wanted)
        except ObjectAlreadyExists:
            if not overwrite:
                fail(f"The variable {name!r} already exists.", hint="Add --overwrite to change it.")
            client.update_variable_by_name(
                name, VariableUpdate(value=wanted.value, tags=wanted.tags)
            )
    say(f"Set the variable {name!r}.")


@click.command()
@click.argument("name")
def unset(name: str) -> None:
    """Delete a variable."""
    with get_client(sync_client=True) as client:
        found = _find(client, name)
        confirm(f"Delete the variable {name!r}?")
        client.delete_variable(found.id)
    say(f"Deleted the variable {name!r}.")


variable.add_command(unset)
variable.add_command(unset, "delete")


def _find(client: SyncWindlassClient, name: str) -> Variable:
    found = client.read_variable_by_name(name)
    if found is None:
        fail(f"There is no variable named {name!r}.", hint="`windlass variable ls` lists them.")
    return found


def _shown(one: Variable) -> str:
    text = _as_text(one.value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def _as_text(value: VariableValue) -> str:
    return value if isinstance(value, str) else json.dumps(value)
