"""The top of the command line: global options, lazily loaded groups, errors as one sentence."""

import os
import sys
import warnings
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any, Final

import click
from pydantic import ValidationError

from windlass.cli.catalogue import COMMANDS, OTHER_NAMES
from windlass.cli.console import fail
from windlass.exceptions import WindlassError
from windlass.settings import SettingWarning, get_current_settings, use_profile

_INTERRUPTED: Final = 130
_PROFILE: Final = "WINDLASS_PROFILE"


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called, not when help lists them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in the catalogue."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command."""
        entry = COMMANDS.get(OTHER_NAMES.get(cmd_name, cmd_name))
        if entry is None:
            return None
        module, _, attribute = entry.target.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the catalogue alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": None},
)
@click.option("-v", "--version", is_flag=True, help="Show the version and exit.")
@click.option("-p", "--profile", metavar="NAME", help="Use this profile for this command.")
@click.option(
    "--prompt/--no-prompt", default=None, help="Ask for what is missing (default: on a terminal)."
)
@click.pass_context
def cli(context: click.Context, version: bool, profile: str | None, prompt: bool | None) -> None:
    """Windlass: a fleet of workers for Python workflows."""
    del version  # answered before this was loaded, unless other words came with it
    del prompt  # read by `asking`
    if profile is not None:
        context.with_resource(use_profile(profile))
        context.with_resource(_handed_on(profile))
    # Settings that cannot be read are the command's to complain about, if it needs them.
    with suppress(WindlassError):
        context.color = None if get_current_settings().cli.colors else False


def run(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 failed, 2 called wrongly, 130 interrupted."""
    warnings.showwarning = _show_warning
    try:
        code: Any = cli.main(arguments, prog_name="windlass", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(_INTERRUPTED)
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    except WindlassError as error:
        fail(str(error))
    except ValidationError as error:
        fail("\n".join(_reasons(error)))
    sys.exit(code if isinstance(code, int) else 0)


@contextmanager
def _handed_on(profile: str) -> Generator[None]:
    """What a command starts, such as the runs of a worker, uses the same profile."""
    before = os.environ.get(_PROFILE)
    os.environ[_PROFILE] = profile
    try:
        yield
    finally:
        if before is None:
            del os.environ[_PROFILE]
        else:
            os.environ[_PROFILE] = before


def _reasons(error: ValidationError) -> Iterator[str]:
    """What is wrong with what was said: a shape that it was put into refuses it."""
    for one in error.errors(include_url=False):
        where = ".".join(map(str, one["loc"])) or error.title
        yield f"{where}: {one['msg'].removeprefix('Value error, ')}"


def _show_warning(message: Warning | str, *details: Any) -> None:
    """A setting that has no effect is news for the user; where in our code it was read is not."""
    if isinstance(message, SettingWarning):
        click.secho(str(message), err=True, fg="yellow")
    else:
        _show_other_warning(message, *details)


_show_other_warning: Final = warnings.showwarning
