"""`windlass config`: look at settings, and keep some in the active profile."""

import contextlib

import click

from windlass.cli.asking import confirm
from windlass.cli.console import fail, output_option, print_json, say
from windlass.exceptions import SettingInvalid
from windlass.settings import (
    Setting,
    Status,
    check_value,
    get_current_settings,
    load_current_profile,
    setting_named,
    update_current_profile,
    view,
)
from windlass.settings.view import shown


@click.group()
def config() -> None:
    """View and set settings."""


@config.command(name="set")
@click.argument("settings", nargs=-1, required=True, metavar="NAME=VALUE...")
def set_(settings: tuple[str, ...]) -> None:
    """Set settings in the active profile."""
    wanted = [_assignment(text) for text in settings]
    profile = update_current_profile({setting.name: value for setting, value in wanted})
    for setting, value in wanted:
        say(f"Set {setting.name} to {shown(setting, value)!r} in profile {profile.name!r}.")
        _warn_of(setting)


@config.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
def unset(names: tuple[str, ...], yes: bool) -> None:
    """Take settings out of the active profile, which brings back their defaults."""
    profile = load_current_profile()
    settings = [setting_named(name) for name in names]
    for setting in settings:
        if not set(setting.names) & profile.settings.keys():
            fail(f"{setting.name} is not set in profile {profile.name!r}.")
    listed = ", ".join(setting.name for setting in settings)
    confirm(f"Take {listed} out of profile {profile.name!r}?", yes=yes)
    update_current_profile(dict.fromkeys(setting.name for setting in settings))
    say(f"Took {listed} out of profile {profile.name!r}.")


@config.command(name="view")
@click.option("--show-defaults/--hide-defaults", help="Settings that nobody set, too.")
@click.option("--show-sources/--hide-sources", default=True, help="Where each value comes from.")
@click.option("--show-secrets/--hide-secrets", help="Passwords and keys in the open.")
@output_option
def view_(show_defaults: bool, show_sources: bool, show_secrets: bool, output: str | None) -> None:
    """Show the settings that count here."""
    settings = get_current_settings()
    lines = view(settings, show_defaults=show_defaults, show_secrets=show_secrets)
    if output:
        print_json({"profile": settings.profile, "settings": [line._asdict() for line in lines]})
        return
    click.secho(f"WINDLASS_PROFILE={settings.profile!r}", fg="blue")
    for line in lines:
        source = f" (from {line.source})" if show_sources else ""
        say(f"{line.name}={line.value!r}{source}")


@config.command()
def validate() -> None:
    """Check the active profile, and give settings in it their present names."""
    profile = load_current_profile()
    problems: list[str] = []
    present: dict[str, str | None] = {}
    for written, value in profile.settings.items():
        try:
            setting = setting_named(written)
            check_value(setting, value, f"profile {profile.name!r}")
        except SettingInvalid as error:
            problems.append(str(error))
        else:
            if written != setting.name and setting.name not in profile.settings:
                present[setting.name] = value
                say(f"Renamed {written} to {setting.name}.")
    if problems:
        fail("\n".join(problems))
    if present:
        update_current_profile(present)
    for notice in get_current_settings().notices:
        say(notice)
    say(f"Profile {profile.name!r} is valid.")


def _assignment(text: str) -> tuple[Setting, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError(f"{text!r} is not of the form NAME=VALUE.")
    if name.upper() == "WINDLASS_PROFILE":
        raise click.UsageError("Choose a profile with `windlass profile use NAME`.")
    return setting_named(name), value


def _warn_of(setting: Setting) -> None:
    if setting.status is Status.VOID:
        say(f"{setting.name} has no effect: {setting.description}.")
        return
    with contextlib.suppress(SettingInvalid):
        source = get_current_settings().source_of(setting.path)
        if source not in ("profile", "defaults"):
            say(f"It does not count here: the value from {source} goes before it.")
