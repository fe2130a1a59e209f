"""`windlass profile`: named sets of settings, one of them active."""

from collections.abc import Callable

import click

from windlass.cli.asking import confirm
from windlass.cli.console import Cell, fail, output_option, print_json, print_rows, say
from windlass.settings import (
    STOCK_PROFILES,
    Profile,
    ProfilesCollection,
    current_profiles,
    load_current_profile,
    save_profiles,
    setting_named,
)
from windlass.settings.view import shown


@click.group()
def profile() -> None:
    """Manage profiles of settings."""


@profile.command()
@output_option
def ls(output: str | None) -> None:
    """List profiles."""
    active = load_current_profile().name
    names = current_profiles()[0].names
    if output:
        print_json([{"name": name, "active": name == active} for name in names])
        return
    rows = ([Cell(f"* {name}", "green") if name == active else f"  {name}"] for name in names)
    print_rows("Profiles (* active)", ["Name"], rows)


@profile.command()
@click.argument("name")
@click.option("--from", "source", metavar="OTHER", help="Copy the settings of this profile.")
def create(name: str, source: str | None) -> None:
    """Make a profile."""
    profiles = current_profiles()[0]
    if name in profiles.profiles:
        fail(
            f"There is a profile {name!r} already.",
            hint=f"Change it with `windlass --profile {name} config set NAME=VALUE`.",
        )
    made = Profile(name, profiles[source].settings if source else {})
    _change(lambda profiles: profiles.with_profile(made))
    say(f"Made profile {name!r}. Switch to it with `windlass profile use {name}`.")


@profile.command()
@click.argument("name")
def use(name: str) -> None:
    """Make a profile the active one."""
    _change(lambda profiles: profiles.with_active(name))
    say(f"Profile {name!r} is active.")


@profile.command()
@click.argument("name")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
def delete(name: str, yes: bool) -> None:
    """Delete a profile."""
    if current_profiles()[0][name] in STOCK_PROFILES:
        fail(f"Profile {name!r} is a stock profile: there is nothing of yours in it to delete.")
    confirm(f"Delete profile {name!r}?", yes=yes)
    _change(lambda profiles: profiles.without(name))
    say(f"Deleted profile {name!r}.")


@profile.command()
@click.argument("name")
@click.argument("new_name")
def rename(name: str, new_name: str) -> None:
    """Rename a profile."""
    _change(lambda profiles: profiles.renamed(name, new_name))
    say(f"Renamed profile {name!r} to {new_name!r}.")


@profile.command()
@click.argument("name", required=False)
@output_option
def inspect(name: str | None, output: str | None) -> None:
    """Show the settings of a profile (the active one)."""
    chosen = current_profiles()[0][name] if name else load_current_profile()
    if output:
        print_json({"name": chosen.name, "settings": chosen.settings})
        return
    click.secho(f"WINDLASS_PROFILE={chosen.name!r}", fg="blue")
    for written, value in chosen.settings.items():
        say(f"{written}={shown(setting_named(written), value)!r}")


@profile.command(name="populate-defaults")
def populate_defaults() -> None:
    """Write the stock profiles into the file; those of the same name that you made are kept."""
    profiles, path = current_profiles()
    save_profiles(profiles, path, with_stock=True)
    for stock in STOCK_PROFILES:
        kept = "yours is kept" if profiles[stock.name] != stock else "written"
        say(f"{stock.name}: {kept}")


def _change(change: Callable[[ProfilesCollection], ProfilesCollection]) -> None:
    profiles, path = current_profiles()
    save_profiles(change(profiles), path)
