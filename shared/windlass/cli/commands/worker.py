"""`windlass worker`: start workers."""

from collections.abc import Iterator
from typing import TypedDict, Unpack

import click

from windlass.cli.parameters import json_file, reading
from windlass.cli.pools import chosen_pool
from windlass.cli.rooms import WORKER, enter
from windlass.schemas.base import JsonObject


class _Options(TypedDict):
    name: str | None
    work_queue: tuple[str, ...]
    type: str | None
    limit: int | None
    prefetch_seconds: float | None
    run_once: bool
    with_healthcheck: bool
    broker_url: str | None
    template: JsonObject | None


@click.group()
def worker() -> None:
    """Start workers."""


@worker.command()
@click.option("--pool", "-p", help="The work pool to take runs of.")
@click.option("--name", "-n", help="A new one if not given.")
@click.option("--work-queue", "-q", multiple=True, help="Only this queue. Repeatable.")
@click.option(
    "--type",
    "-t",
    help="That of the pool if not given; a missing pool is made, for processes by default.",
)
@click.option("--limit", "-l", type=click.IntRange(1), help="Runs at once.")
@click.option("--prefetch-seconds", type=click.FloatRange(0), help="How early runs are prepared.")
@click.option("--run-once", is_flag=True, help="Take what is due, then end.")
@click.option("--with-healthcheck", is_flag=True, help="Serve /health.")
@click.option("--broker-url", help="Be woken by the broker of the server.")
@click.option(
    "--base-job-template",
    "template",
    metavar="FILE",
    callback=reading(json_file),
    help="File for a pool that is made.",
)
def start(pool: str | None, **options: Unpack[_Options]) -> int:
    """Start a worker, which takes the runs of a work pool until it is stopped."""
    pool_name = chosen_pool(pool)
    if template := options["template"]:
        _make_pool(pool_name, options["type"], template)
    return enter(WORKER)([f"--pool={pool_name}", *_arguments(options)])


def _arguments(options: _Options) -> Iterator[str]:
    yield from (f"--work-queue={queue}" for queue in options["work_queue"])
    for name in ("type", "name", "limit", "prefetch_seconds", "broker_url"):
        if (value := options[name]) is not None:
            yield f"--{name.replace('_', '-')}={value}"
    for flag in ("run_once", "with_healthcheck"):
        if options[flag]:
            yield f"--{flag.replace('_', '-')}"


def _make_pool(name: str, kind: str | None, template: JsonObject) -> None:
    """Make the pool of this name with this template, unless it is there."""
    from windlass.client.orchestration import get_client  # noqa: PLC0415 (most have no template)
    from windlass.exceptions import ObjectAlreadyExists  # noqa: PLC0415
    from windlass.schemas.work_pools import WorkPoolCreate  # noqa: PLC0415

    if kind is None:
        raise click.UsageError("--base-job-template needs the --type of the pool to make.")
    with get_client(sync_client=True) as client:
        try:
            client.create_work_pool(
                WorkPoolCreate(name=name, type=kind, base_job_template=template)
            )
        except ObjectAlreadyExists:
            return
