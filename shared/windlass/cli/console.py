"""What the command line prints: tables for people, JSON for programs, one sentence for errors."""

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import click
from pydantic import BaseModel
from pydantic_core import to_json

if TYPE_CHECKING:
    from rich.console import Console

output_option = click.option(
    "-o", "--output", type=click.Choice(["json"]), help="Print JSON for programs to read."
)


class Cell(NamedTuple):
    """Text in a table, and how it looks (a style of rich)."""

    text: str
    style: str = ""


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


def print_rows(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[str | Cell | None]]
) -> None:
    """Print a table for people, as wide as the terminal, or as it needs to be when piped."""
    from rich.table import Table  # noqa: PLC0415 (it costs time that most commands need not pay)
    from rich.text import Text  # noqa: PLC0415

    made = Table(header_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        # Text, not str: brackets in a name are no markup.
        made.add_row(*(Text(cell.text, cell.style) for cell in map(_as_cell, row)))
    say(title)
    _terminal().print(made)


def print_details(model: BaseModel) -> None:
    """Print every field of a model that has a value, one on a line."""
    shown: dict[str, Any] = model.model_dump(mode="json", exclude_none=True)
    width = max(map(len, shown))
    for name, value in shown.items():
        text = value if isinstance(value, str) else to_json(value).decode()
        click.echo(f"{name:<{width}}  {text}")


def _as_cell(content: str | Cell | None) -> Cell:
    return content if isinstance(content, Cell) else Cell(content or "")


def _terminal() -> "Console":
    from rich.console import Console  # noqa: PLC0415 (see `print_rows`)

    if sys.stdout.isatty():
        context = click.get_current_context(silent=True)
        return Console(no_color=context is not None and context.color is False)
    return Console(width=160, no_color=True)
