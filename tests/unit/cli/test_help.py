"""Goldens of the help of every command: a change of the command line is a diff to review."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import pytest

from tests.support.golden import assert_golden
from windlass.cli.catalogue import COMMANDS
from windlass.cli.main import cli

GOLDENS: Final = Path(__file__).with_name("goldens")
ALIASES: Final = frozenset({"gcl", "profiles"})
"""Other names of commands; the list of commands says so."""


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    root = click.Context(cli, info_name="windlass", **cli.context_settings)
    command = cli.get_command(root, name)
    assert command is not None
    assert_golden(GOLDENS / f"{name}.txt", "\n".join(helps(command, name, root)))


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_lists_a_command_with_its_own_words(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    if name not in ALIASES:
        assert (command.help or "").splitlines()[0] == COMMANDS[name].help


def helps(command: click.Command, name: str, parent: click.Context) -> Iterator[str]:
    """The help of a command, and of every one below it that is not hidden."""
    # click keeps the help option that a command was given first: by another test, which called it
    # without its parent, it may have been given another one.
    vars(command)["_help_option"] = None
    context = click.Context(command, info_name=name, parent=parent)
    yield f"$ {context.command_path} --help\n{command.get_help(context)}\n"
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            below = command.get_command(context, inner)
            if below is not None and not below.hidden:
                yield from helps(below, inner, context)
