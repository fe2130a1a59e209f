"""`windlass work-pool`: make work pools, look at them, pause and limit them."""

from pathlib import Path
from typing import Unpack

import click
from pydantic_core import to_json

from windlass.cli.asking import ask_for, confirm
from windlass.cli.console import (
    Cell,
    fail,
    output_option,
    print_details,
    print_json,
    print_rows,
    say,
)
from windlass.cli.paging import every
from windlass.cli.parameters import json_file, reading
from windlass.cli.pools import chosen_pool, print_upcoming
from windlass.cli.retry_options import Retries, retry_from, retry_options
from windlass.client.orchestration import SyncWindlassClient, get_client
from windlass.exceptions import ObjectAlreadyExists
from windlass.schemas.base import JsonObject
from windlass.schemas.filters.work_pools import WorkPoolQuery
from windlass.schemas.work_pools import WorkPool, WorkPoolCreate, WorkPoolStatus, WorkPoolUpdate
from windlass.settings import update_current_profile

_STATUS_STYLES = {
    WorkPoolStatus.READY: "green",
    WorkPoolStatus.NOT_READY: "yellow",
    WorkPoolStatus.PAUSED: "bright_black",
}


@click.group("work-pool")
def work_pool() -> None:
    """Manage work pools."""


@work_pool.command()
@click.argument("name")
@click.option("--type", "-t", "type_", help="The type of its workers, such as `process`.")
@click.option(
    "--base-job-template",
    "template",
    metavar="FILE",
    callback=reading(json_file),
    help="File to use instead of the type's own.",
)
@click.option("--paused", is_flag=True, help="Make it paused.")
@click.option("--set-as-default", is_flag=True, help="Use it where no pool is named.")
@click.option("--overwrite", is_flag=True, help="Change the pool if there is one of this name.")
@retry_options
def create(
    name: str,
    type_: str | None,
    template: JsonObject | None,
    paused: bool,
    set_as_default: bool,
    overwrite: bool,
    **retries: Unpack[Retries],
) -> None:
    """Make a work pool."""
    retry = retry_from(retries)
    with get_client(sync_client=True) as client:
        kind = type_ or ask_for("the type of its workers", "--type", default="process")
        if template is None:
            template = _default_template(client, kind)
        new = WorkPoolCreate(name=name, type=kind, base_job_template=template, is_paused=paused)
        if retry is not None:  # a stock server knows no such field
            new.infrastructure_retry = retry
        try:
            pool = client.create_work_pool(new)
            say(f"Made the work pool {pool.name!r} of type {pool.type!r}.")
        except ObjectAlreadyExists:
            if not overwrite:
                raise
            wanted = WorkPoolUpdate(base_job_template=template, is_paused=paused)
            if retry is not None:
                wanted.infrastructure_retry = retry
            _change(client, name, kind, wanted)
    if set_as_default:
        profile = update_current_profile({"WINDLASS_DEPLOYMENTS_DEFAULT_WORK_POOL_NAME": name})
        say(f"It is the default work pool of profile {profile.name!r} now.")
    say(f"Start a worker for it with `windlass worker start --pool {name!r}`.")


@work_pool.command()
@click.option("--verbose", "-v", is_flag=True, help="Descriptions and job templates, too.")
@output_option
def ls(verbose: bool, output: str | None) -> None:
    """List work pools."""
    with get_client(sync_client=True) as client:
        pools = list(
            every(
                lambda offset, limit: client.read_work_pools(
                    WorkPoolQuery(offset=offset, limit=limit)
                )
            )
        )
    if output:
        print_json(pools)
        return
    columns = ["Name", "Type", "Status", "Concurrency limit", "ID"]
    more = ["Description", "Base job template"] if verbose else []
    rows = ([*_cells(pool), *(_more_cells(pool) if verbose else [])] for pool in pools)
    print_rows("Work pools", columns + more, rows)


@work_pool.command()
@click.argument("name")
@output_option
def inspect(name: str, output: str | None) -> None:
    """Show everything about a work pool."""
    with get_client(sync_client=True) as client:
        pool = client.read_work_pool(name)
    (print_json if output else print_details)(pool)


@work_pool.command()
@click.argument("name")
def pause(name: str) -> None:
    """Hand out no more runs of a work pool."""
    _update(name, WorkPoolUpdate(is_paused=True))
    say(f"Paused the work pool {name!r}.")


@work_pool.command()
@click.argument("name")
def resume(name: str) -> None:
    """Hand out runs of a work pool again."""
    _update(name, WorkPoolUpdate(is_paused=False))
    say(f"Resumed the work pool {name!r}.")


@work_pool.command()
@click.argument("name")
@click.option(
    "--base-job-template",
    "template",
    metavar="FILE",
    callback=reading(json_file),
    help="File with a new one.",
)
@click.option("--concurrency-limit", type=click.IntRange(0), help="Runs at once.")
@click.option("--description", help="What the pool is for.")
@retry_options
def update(
    name: str,
    template: JsonObject | None,
    concurrency_limit: int | None,
    description: str | None,
    **retries: Unpack[Retries],
) -> None:
    """Change what is given of a work pool."""
    given = {
        "base_job_template": template,
        "concurrency_limit": concurrency_limit,
        "description": description,
        "infrastructure_retry": retry_from(retries),
    }
    wanted = {field: value for field, value in given.items() if value is not None}
    if not wanted:
        raise click.UsageError("Say what to change.")
    _update(name, WorkPoolUpdate.model_validate(wanted))
    say(f"Changed the work pool {name!r}.")


@work_pool.command()
@click.argument("name")
def delete(name: str) -> None:
    """Delete a work pool with its queues."""
    with get_client(sync_client=True) as client:
        pool = client.read_work_pool(name)
        confirm(f"Delete the work pool {pool.name!r} with its queues?")
        client.delete_work_pool(name)
    say(f"Deleted the work pool {name!r}.")


@work_pool.command("set-concurrency-limit")
@click.argument("name")
@click.argument("limit", type=click.IntRange(0))
def set_concurrency_limit(name: str, limit: int) -> None:
    """Let at most LIMIT runs of a work pool be under way at once."""
    _update(name, WorkPoolUpdate(concurrency_limit=limit))
    say(f"The work pool {name!r} runs {limit} at once now.")


@work_pool.command("clear-concurrency-limit")
@click.argument("name")
def clear_concurrency_limit(name: str) -> None:
    """Let any number of runs of a work pool be under way at once."""
    _update(name, WorkPoolUpdate(concurrency_limit=None))
    say(f"The work pool {name!r} has no concurrency limit now.")


@work_pool.command("get-default-base-job-template")
@click.option("--type", "-t", "kind", required=True, help="The type of the workers.")
@click.option("--file", "-f", "path", type=click.Path(path_type=Path), help="Write it to a file.")
def get_default_base_job_template(kind: str, path: Path | None) -> None:
    """Show the base job template that pools of a type have at first."""
    with get_client(sync_client=True) as client:
        template = _default_template(client, kind)
    if path is None:
        print_json(template)
        return
    try:
        path.write_bytes(to_json(template, indent=2) + b"\n")
    except OSError as error:
        fail(f"{path} cannot be written: {error.strerror}.")
    say(f"Wrote the base job template of type {kind!r} to {path}.")


@work_pool.command()
@click.argument("name", required=False)
@click.option("--hours", "-h", type=click.FloatRange(0), default=1, show_default=True)
def preview(name: str | None, hours: float) -> None:
    """Show the runs of a work pool that are due soon."""
    with get_client(sync_client=True) as client:
        pool = client.read_work_pool(chosen_pool(name, "NAME"))
        print_upcoming(client, f"Work pool {pool.name!r}, next {hours:g} h", hours, pool.name)


def _update(name: str, wanted: WorkPoolUpdate) -> None:
    with get_client(sync_client=True) as client:
        client.update_work_pool(name, wanted)


def _change(client: SyncWindlassClient, name: str, kind: str, wanted: WorkPoolUpdate) -> None:
    pool = client.read_work_pool(name)
    if pool.type != kind:
        fail(
            f"The work pool {name!r} is of type {pool.type!r}, which cannot be changed.",
            hint="Leave --type out, or delete the pool first.",
        )
    client.update_work_pool(name, wanted)
    say(f"Changed the work pool {name!r}.")


def _default_template(client: SyncWindlassClient, kind: str) -> JsonObject:
    packages = client.read_worker_metadata()
    types = {name: facts for package in packages.values() for name, facts in package.items()}
    if kind not in types:
        fail(
            f"The server knows no worker type {kind!r}; it knows {', '.join(sorted(types))}.",
            hint="A pool for workers of another type needs a --base-job-template.",
        )
    template: JsonObject = types[kind]["default_base_job_configuration"]
    return template


def _cells(pool: WorkPool) -> list[str | Cell]:
    status = pool.status or WorkPoolStatus.NOT_READY
    limit = "" if pool.concurrency_limit is None else str(pool.concurrency_limit)
    state = Cell(status.value, _STATUS_STYLES[status])
    return [pool.name, pool.type, state, limit, str(pool.id)]


def _more_cells(pool: WorkPool) -> list[str]:
    return [pool.description or "", to_json(pool.base_job_template).decode()]
