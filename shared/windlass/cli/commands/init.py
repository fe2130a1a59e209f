"""`windlass init`: a file for the deployments of a project."""

from pathlib import Path

import click

from windlass.cli.asking import ask_for, can_ask
from windlass.cli.console import fail, say
from windlass.cli.parameters import reading


def _field(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise ValueError(f"{text!r} is not of the form NAME=VALUE")
    return name.strip(), value


@click.command()
@click.option("--name", help="The name of the project (that of the directory).")
@click.option(
    "--recipe", metavar="git|local", help="How runs get at the code (guessed from the directory)."
)
@click.option(
    "--field",
    "-f",
    "fields",
    multiple=True,
    metavar="NAME=VALUE",
    callback=reading(_field),
    help="A field of the recipe. Repeatable.",
)
def init(name: str | None, recipe: str | None, fields: tuple[tuple[str, str], ...]) -> None:
    """Start a project: write its windlass.yaml.

    The project is the working directory. A file that is there stays as it is.
    """
    # Reading YAML takes a while to import, and help does not need it.
    from windlass.deployments.base import (  # noqa: PLC0415
        RECIPES,
        guess_recipe,
        initialize_project,
        recipe_named,
    )

    here = Path.cwd()
    chosen = recipe
    if chosen is None:
        chosen = guess_recipe(here)
        if can_ask():
            chosen = str(click.prompt("Recipe", type=click.Choice([*RECIPES]), default=chosen))
    try:
        found = recipe_named(chosen)
    except ValueError as error:
        fail(str(error))
    said = dict(fields)
    guessed = found.guess(here)
    for field, meaning in found.fields.items():
        if not said.get(field) and field not in guessed:
            said[field] = ask_for(meaning, f"--field {field}=VALUE")
    made = initialize_project(name, chosen, said)
    if not made:
        say("This directory is a project already: nothing was written.")
        return
    say(f"Made this directory a project by the recipe {chosen!r}. New: {', '.join(made)}.")
    say("Fill in the deployments in windlass.yaml, and register them with `windlass deploy --all`.")
