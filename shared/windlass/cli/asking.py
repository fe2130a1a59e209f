"""Questions to the person at the terminal, and what happens where there is none."""

import sys
from typing import NoReturn

import click

from windlass.cli.console import fail
from windlass.settings import get_current_settings


def can_ask() -> bool:
    """Whether to ask: `--prompt` or `--no-prompt`, WINDLASS_CLI_PROMPT, else on a terminal."""
    said: bool | None = click.get_current_context().find_root().params.get("prompt")
    if said is None:
        said = get_current_settings().cli.prompt
    return sys.stdin.isatty() if said is None else said


def confirm(question: str, *, yes: bool = False) -> None:
    """Ask before something that is hard to take back, and leave with 1 if the answer is no.

    With `yes`, and where nobody can answer, it goes on without asking.
    """
    if not yes and can_ask() and not click.confirm(question):
        _leave()


def insist(question: str, *, yes: bool = False) -> None:
    """`confirm` for what destroys data: where nobody can answer, it does not go on."""
    if yes:
        return
    if not can_ask():
        fail(f"{question} Nobody can answer here.", hint="Add --yes to go on without asking.")
    if not click.confirm(question):
        _leave()


def ask_for(what: str, option: str, *, default: str | None = None) -> str:
    """The answer to a question for what was not given; a usage error where nobody can answer."""
    if not can_ask():
        raise click.UsageError(f"Say {what} with {option}.")
    return str(click.prompt(what[0].upper() + what[1:], default=default))


def _leave() -> NoReturn:
    fail("Nothing was done.")
