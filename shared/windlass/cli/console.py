"""What the command line prints: tables for people, JSON for programs, one sentence for errors."""

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import click
from pydantic import BaseModel
from pydantic_core import to_json

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

output_option = click.option(
    "-o", "--output", type=click.Choice(["json"]), help="Print JSON for programs to read."
)


def say(message: str) -> None:
    """Tell what was done."""
    click.echo(message)


def fail(message: str, *, hint: str | None = None, code: int = 1) -> NoReturn:
    """Say on standard error what went wrong and what to do, and exit."""
    click.secho(message, err=True, fg="red")
    if hint:
        click.echo(hint, err=True)
    sys.exit(code)


def print_json(value: BaseModel | Sequence[BaseModel] | Any) -> None:
    """Print a model, or a list of models, as indented JSON."""
    click.echo(to_json(value, indent=2).decode())


def table(title: str, columns: Iterable[str]) -> "Table":
    """An empty table for people to read."""
    from rich.table import Table  # noqa: PLC0415 (tables cost time that most commands need not pay)

    made = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def print_table(made: "Table") -> None:
    """Print a table, as wide as the terminal, or as wide as it needs when piped."""
    console().print(made)


def console() -> "Console":
    """The terminal."""
    from rich.console import Console  # noqa: PLC0415 (see `table`)

    return Console() if sys.stdout.isatty() else Console(width=160, no_color=True)
