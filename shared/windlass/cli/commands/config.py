"""`windlass config`: look at settings, and keep some in the active profile."""

from collections.abc import Mapping

import click

from windlass.cli.asking import confirm
from windlass.cli.console import fail, output_option, print_json, say
from windlass.cli.profile_file import active_profile, put
from windlass.exceptions import SettingInvalid
from windlass.settings import (
    STOCK_PROFILES,
    Profile,
    Setting,
    Status,
    check_value,
    get_current_settings,
    setting_named,
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
    profile = active_profile()
    put(profile.updated({name: None for setting, _ in wanted for name in setting.names}).updated(
        {setting.name: value for setting, value in wanted}
    ))
    for setting, value in wanted:
        say(f"Set {setting.name} to {shown(setting, value)!r} in profile {profile.name!r}.")
        _warn_of(setting)


@config.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
def unset(names: tuple[str, ...], yes: bool) -> None:
    """Take settings out of the active profile, which brings back their defaults."""
    profile = active_profile()
    settings = [setting_named(name) for name in names]
    for setting in settings:
        if not set(setting.names) & profile.settings.keys():
            fail(f"{setting.name} is not set in profile {profile.name!r}.")
    listed = ", ".join(setting.name for setting in settings)
    confirm(f"Take {listed} out of profile {profile.name!r}?", yes=yes)
    put(profile.updated({name: None for setting in settings for name in setting.names}))
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
    profile = active_profile()
    problems: list[str] = []
    renamed: dict[str, str] = {}
    for written, value in profile.settings.items():
        try:
            setting = setting_named(written)
            check_value(setting, value, f"profile {profile.name!r}")
        except SettingInvalid as error:
            problems.append(str(error))
        else:
            if written != setting.name and setting.name not in profile.settings:
                renamed[written] = setting.name
    if renamed and profile not in STOCK_PROFILES:
        put(_with_new_names(profile, renamed))
        for old, new in renamed.items():
            say(f"Renamed {old} to {new}.")
    if problems:
        fail("\n".join(problems))
    for notice in get_current_settings().notices:
        say(notice)
    say(f"Profile {profile.name!r} is valid.")


def _assignment(text: str) -> tuple[Setting, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError(f"{text!r} is not of the form NAME=VALUE.")
    if name.upper() == "WINDLASS_PROFILE":
        raise click.UsageError("Choose a profile with `windlass profile use NAME`.")
    setting = setting_named(name)
    check_value(setting, value, "the command line")
    return setting, value


def _with_new_names(profile: Profile, renamed: Mapping[str, str]) -> Profile:
    taken_out = profile.updated(dict.fromkeys(renamed))
    return taken_out.updated({new: profile.settings[old] for old, new in renamed.items()})


def _warn_of(setting: Setting) -> None:
    if setting.status is Status.VOID:
        say(f"{setting.name} has no effect: {setting.description}.")
        return
    source = get_current_settings().source_of(setting.path)
    if source != "profile":
        say(f"It does not count here: the value from {source} goes before it.")
