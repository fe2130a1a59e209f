"""`windlass task`: serve background tasks."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from windlass.cli.console import fail
from windlass.definitions import TaskDefinition
from windlass.utilities.importtools import import_module, import_object


@click.group()
def task() -> None:
    """Serve background tasks."""


@task.command()
@click.argument("entrypoints", metavar="[PATH/TO/FILE.py:TASK]...", nargs=-1)
@click.option("--module", "-m", "modules", multiple=True, help="All its tasks. Repeatable.")
@click.option(
    "--limit", type=click.IntRange(1), default=10, show_default=True, help="Runs at once."
)
def serve(entrypoints: tuple[str, ...], modules: tuple[str, ...], limit: int) -> None:
    """Run what is scheduled by `delay` of some tasks, until it is stopped."""
    if not entrypoints and not modules:
        raise click.UsageError("Name a task (`PATH/TO/FILE.py:TASK`), or a --module with tasks.")
    # As for a script: a command that was installed does not look into the working directory.
    sys.path.insert(0, str(Path.cwd()))
    tasks = list(_tasks(entrypoints, modules))
    from windlass.task_worker import serve as serve_tasks  # noqa: PLC0415 (takes a while)

    serve_tasks(*tasks, limit=limit)


def _tasks(entrypoints: Iterable[str], modules: Iterable[str]) -> Iterator[TaskDefinition]:
    for entrypoint in entrypoints:
        try:
            found = import_object(entrypoint)
        except (AttributeError, ImportError, FileNotFoundError) as error:
            fail(f"There is no task at {entrypoint!r}: {error}")
        if not isinstance(found, TaskDefinition):
            fail(f"{entrypoint!r} names a {type(found).__name__}, not a task.")
        yield found
    for module in modules:
        try:
            values = list(vars(import_module(module)).values())
        except ImportError as error:
            fail(f"There is no module {module!r}: {error}")
        found_in_it = [value for value in values if isinstance(value, TaskDefinition)]
        if not found_in_it:
            fail(f"The module {module!r} has no tasks.")
        yield from found_in_it
