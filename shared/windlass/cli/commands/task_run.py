"""`windlass task-run`: list and look at task runs, and show their logs."""

from uuid import UUID

import click

from windlass.cli.console import output_option, print_details, print_json, print_rows
from windlass.cli.display import state_cell, state_name
from windlass.cli.following import log_line
from windlass.cli.moments import tell_moment
from windlass.cli.paging import first
from windlass.cli.run_logs import (
    Part,
    count_option,
    head_option,
    of_task_run,
    read_part,
    reverse_option,
    tail_option,
)
from windlass.client.orchestration import get_client
from windlass.clock import utc_now
from windlass.schemas.filters.queries import TaskRunQuery
from windlass.schemas.filters.sorting import TaskRunSort
from windlass.schemas.filters.task_runs import (
    TaskRunFilter,
    TaskRunFilterName,
    TaskRunFilterState,
    TaskRunFilterStateName,
    TaskRunFilterStateType,
)
from windlass.schemas.states import StateType


@click.group("task-run")
def task_run() -> None:
    """Look at task runs."""


@task_run.command()
@click.option("--task-run-name", "names", multiple=True, help="Runs of this name. Repeatable.")
@click.option("--limit", type=click.IntRange(1), default=15, show_default=True)
@click.option("--state", "states", multiple=True, help="Runs in a state of this name. Repeatable.")
@click.option(
    "--state-type",
    "types",
    multiple=True,
    type=click.Choice([*StateType], case_sensitive=False),
    help="Runs in a state of this type. Repeatable.",
)
@output_option
def ls(
    names: tuple[str, ...],
    limit: int,
    states: tuple[str, ...],
    types: tuple[StateType, ...],
    output: str | None,
) -> None:
    """List task runs, the latest first."""
    query = _query(names, states, types)
    with get_client(sync_client=True) as client:
        runs = first(
            limit,
            lambda offset, size: client.read_task_runs(
                query.model_copy(update={"offset": offset, "limit": size})
            ),
        )
    if output:
        print_json(runs)
        return
    now = utc_now()
    rows = (
        (
            str(run.id),
            run.name,
            state_cell(run),
            tell_moment(run.start_time or run.expected_start_time, now),
        )
        for run in runs
    )
    print_rows("Task runs", ("ID", "Name", "State", "When"), rows)


@task_run.command()
@click.argument("id", type=click.UUID)
@output_option
def inspect(id: UUID, output: str | None) -> None:
    """Show everything about a task run."""
    with get_client(sync_client=True) as client:
        run = client.read_task_run(id)
    (print_json if output else print_details)(run)


@task_run.command()
@click.argument("id", type=click.UUID)
@head_option
@tail_option
@count_option
@reverse_option
def logs(id: UUID, head: bool, tail: bool, count: int | None, reverse: bool) -> None:
    """Show the logs of a task run."""
    part = Part.of(head=head, tail=tail, count=count)
    with get_client(sync_client=True) as client:
        client.read_task_run(id)
        for log in read_part(client, of_task_run(id), part, reverse=reverse):
            click.echo(log_line(log))


def _query(
    names: tuple[str, ...], states: tuple[str, ...], types: tuple[StateType, ...]
) -> TaskRunQuery:
    by_state = TaskRunFilterState(
        name=TaskRunFilterStateName(any_=[state_name(name) for name in states]) if states else None,
        type=TaskRunFilterStateType(any_=list(types)) if types else None,
    )
    return TaskRunQuery(
        task_runs=TaskRunFilter(
            name=TaskRunFilterName(any_=list(names)) if names else None,
            state=by_state if states or types else None,
        ),
        sort=TaskRunSort.EXPECTED_START_TIME_DESC,
    )
