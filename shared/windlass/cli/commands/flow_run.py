"""`windlass flow-run`: list, look at, follow, cancel, delete and execute flow runs."""

from uuid import UUID

import click

from windlass.cli.console import fail, output_option, print_details, print_json, print_rows, say
from windlass.cli.display import flow_names, state_cell, state_name
from windlass.cli.following import INTERVAL, Follower, follow
from windlass.cli.following import watch as watch_run
from windlass.cli.moments import tell_moment
from windlass.cli.paging import first
from windlass.cli.run_logs import (
    Part,
    count_option,
    head_option,
    of_flow_run,
    read_part,
    reverse_option,
    tail_option,
)
from windlass.client.orchestration import get_client
from windlass.clock import utc_now
from windlass.schemas.filters.flow_runs import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateName,
    FlowRunFilterStateType,
)
from windlass.schemas.filters.flows import FlowFilter, FlowFilterName
from windlass.schemas.filters.queries import FlowRunQuery
from windlass.schemas.filters.sorting import FlowRunSort
from windlass.schemas.orchestration import SetStateStatus
from windlass.schemas.state_constructors import Cancelling
from windlass.schemas.states import StateType
from windlass.settings import handed_over


@click.group("flow-run")
def flow_run() -> None:
    """Work with flow runs."""


@flow_run.command()
@click.option("--flow-name", "flows", multiple=True, help="Runs of this flow. Repeatable.")
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
    flows: tuple[str, ...],
    limit: int,
    states: tuple[str, ...],
    types: tuple[StateType, ...],
    output: str | None,
) -> None:
    """List flow runs, the latest first."""
    query = _query(flows, states, types)
    with get_client(sync_client=True) as client:
        runs = first(
            limit,
            lambda offset, size: client.read_flow_runs(
                query.model_copy(update={"offset": offset, "limit": size})
            ),
        )
        if output:
            print_json(runs)
            return
        names = flow_names(client, (run.flow_id for run in runs))
    now = utc_now()
    rows = (
        (
            str(run.id),
            names.get(run.flow_id, ""),
            run.name,
            state_cell(run),
            tell_moment(run.start_time or run.expected_start_time, now),
        )
        for run in runs
    )
    print_rows("Flow runs", ("ID", "Flow", "Name", "State", "When"), rows)


@flow_run.command()
@click.argument("id", type=click.UUID)
@output_option
def inspect(id: UUID, output: str | None) -> None:
    """Show everything about a flow run."""
    with get_client(sync_client=True) as client:
        run = client.read_flow_run(id)
    (print_json if output else print_details)(run)


@flow_run.command()
@click.argument("id", type=click.UUID)
def delete(id: UUID) -> None:
    """Delete a flow run with its task runs and logs."""
    with get_client(sync_client=True) as client:
        client.delete_flow_run(id)
    say(f"Deleted flow run {id}.")


@flow_run.command()
@click.argument("id", type=click.UUID)
def cancel(id: UUID) -> None:
    """Cancel a flow run."""
    with get_client(sync_client=True) as client:
        answer = client.set_flow_run_state(id, Cancelling().to_create())
        run = client.read_flow_run(id)
    if answer.status is SetStateStatus.ABORT or (run.state and run.state.is_completed()):
        reason = getattr(answer.details, "reason", None) or "The server refused."
        fail(f"Flow run {run.name!r} cannot be cancelled: it is {run.state_name}. {reason}")
    over = run.state is not None and run.state.is_final()
    say(f"Flow run {run.name!r} is {'cancelled' if over else 'being cancelled'}.")


@flow_run.command()
@click.argument("id", type=click.UUID)
@head_option
@tail_option
@count_option
@reverse_option
@click.option("--follow", "-f", "keep_on", is_flag=True, help="Go on until the run is finished.")
def logs(id: UUID, head: bool, tail: bool, count: int | None, reverse: bool, keep_on: bool) -> None:
    """Show the logs of a flow run."""
    part = Part.of(head=head, tail=tail, count=count)
    if keep_on and (head or reverse):
        raise click.UsageError("--follow goes with neither --head nor --reverse.")
    with get_client(sync_client=True) as client:
        client.read_flow_run(id)
        follower = Follower(client, id, with_states=False)
        for line in follower.told(read_part(client, of_flow_run(id), part, reverse=reverse)):
            click.echo(line)
        if keep_on:
            follow(follower)


@flow_run.command()
@click.argument("id", type=click.UUID)
@click.option("--interval", type=click.FloatRange(0.05), default=INTERVAL, show_default=True)
@click.option("--timeout", type=click.FloatRange(0), help="Give up after so many seconds.")
def watch(id: UUID, interval: float, timeout: float | None) -> None:
    """Show the states and the logs of a flow run until it is finished; fails if it does."""
    with get_client(sync_client=True) as client:
        watch_run(client, id, interval=interval, timeout=timeout)


@flow_run.command()
@click.argument("id", type=click.UUID, required=False)
def execute(id: UUID | None) -> int:
    """Run a flow run of a deployment in this process, in place of a worker."""
    # What runs flows takes a while to import, and no other command of this group needs it.
    from windlass.execute import execute as carry_out  # noqa: PLC0415
    from windlass.runner.taking import take  # noqa: PLC0415

    id = id or _handed_over_id()
    with get_client(sync_client=True) as client:
        run = client.read_flow_run(id)
        if run.deployment_id is None:
            fail(f"Flow run {run.name!r} has no deployment: nothing says where its code is.")
        claimed = take(client, id)
    return carry_out(claimed)


def _handed_over_id() -> UUID:
    try:
        return UUID(handed_over("FLOW_RUN_ID") or "")
    except ValueError:
        raise click.UsageError("Give the ID of a flow run.") from None


def _query(
    flows: tuple[str, ...], states: tuple[str, ...], types: tuple[StateType, ...]
) -> FlowRunQuery:
    by_state = FlowRunFilterState(
        name=FlowRunFilterStateName(any_=[state_name(name) for name in states]) if states else None,
        type=FlowRunFilterStateType(any_=list(types)) if types else None,
    )
    return FlowRunQuery(
        flows=FlowFilter(name=FlowFilterName(any_=list(flows))) if flows else None,
        flow_runs=FlowRunFilter(state=by_state) if states or types else None,
        sort=FlowRunSort.EXPECTED_START_TIME_DESC,
    )
