"""`windlass work-queue`: the lanes of a work pool."""

from uuid import UUID

import click

from windlass.cli.asking import confirm
from windlass.cli.console import output_option, print_details, print_json, print_rows, say
from windlass.cli.moments import tell_moment
from windlass.cli.paging import every
from windlass.cli.pools import chosen_pool, print_runs, print_upcoming
from windlass.client.orchestration import SyncWindlassClient, get_client
from windlass.clock import utc_now
from windlass.schemas.filters.work_pools import WorkPoolQuery
from windlass.schemas.filters.work_queues import (
    WorkQueueFilter,
    WorkQueueFilterName,
    WorkQueueQuery,
)
from windlass.schemas.work_queues import WorkQueue, WorkQueueCreate, WorkQueueUpdate

pool_option = click.option(
    "--pool", "-p", help="The work pool of the queue (WINDLASS_DEFAULT_WORK_POOL_NAME)."
)


@click.group("work-queue")
def work_queue() -> None:
    """Manage work queues."""


@work_queue.command()
@click.argument("name")
@click.option("--limit", "-l", type=click.IntRange(0), help="Runs at once.")
@click.option("--priority", "-q", type=click.IntRange(1), help="1 goes first; last if not given.")
@pool_option
def create(name: str, limit: int | None, priority: int | None, pool: str | None) -> None:
    """Make a work queue."""
    pool_name = chosen_pool(pool)
    with get_client(sync_client=True) as client:
        made = client.create_work_queue(
            pool_name, WorkQueueCreate(name=name, concurrency_limit=limit, priority=priority)
        )
    say(f"Made the work queue {name!r} in pool {pool_name!r}, with priority {made.priority}.")


@work_queue.command("set-concurrency-limit")
@click.argument("name")
@click.argument("limit", type=click.IntRange(0))
@pool_option
def set_concurrency_limit(name: str, limit: int, pool: str | None) -> None:
    """Let at most LIMIT runs of a work queue be under way at once."""
    _update(name, pool, WorkQueueUpdate(concurrency_limit=limit))
    say(f"The work queue {name!r} runs {limit} at once now.")


@work_queue.command("clear-concurrency-limit")
@click.argument("name")
@pool_option
def clear_concurrency_limit(name: str, pool: str | None) -> None:
    """Let any number of runs of a work queue be under way at once."""
    _update(name, pool, WorkQueueUpdate(concurrency_limit=None))
    say(f"The work queue {name!r} has no concurrency limit now.")


@work_queue.command()
@click.argument("name")
@pool_option
def pause(name: str, pool: str | None) -> None:
    """Hand out no more runs of a work queue."""
    _update(name, pool, WorkQueueUpdate(is_paused=True))
    say(f"Paused the work queue {name!r}.")


@work_queue.command()
@click.argument("name")
@pool_option
def resume(name: str, pool: str | None) -> None:
    """Hand out runs of a work queue again."""
    _update(name, pool, WorkQueueUpdate(is_paused=False))
    say(f"Resumed the work queue {name!r}.")


@work_queue.command()
@click.argument("name")
@pool_option
@output_option
def inspect(name: str, pool: str | None, output: str | None) -> None:
    """Show everything about a work queue."""
    with get_client(sync_client=True) as client:
        queue = _find(client, name, pool)
    (print_json if output else print_details)(queue)


@work_queue.command()
@click.option("--verbose", "-v", is_flag=True, help="Descriptions and last polls, too.")
@click.option("--match", "-m", "prefix", help="Queues whose names start like this.")
@click.option("--pool", "-p", help="Queues of this work pool.")
@output_option
def ls(verbose: bool, prefix: str | None, pool: str | None, output: str | None) -> None:
    """List work queues, by pool and priority."""
    with get_client(sync_client=True) as client:
        pools = [pool] if pool else _all_pools(client)
        queues = [queue for name in pools for queue in _queues(client, name, prefix)]
    if output:
        print_json(queues)
        return
    columns = ["Pool", "Name", "Priority", "Concurrency limit", "Status", "ID"]
    more = ["Description", "Last polled"] if verbose else []
    rows = (_cells(queue)[: len(columns) + len(more)] for queue in queues)
    print_rows("Work queues", columns + more, rows)


@work_queue.command()
@click.argument("name")
@click.option("--hours", "-h", type=click.FloatRange(0), default=1, show_default=True)
@pool_option
def preview(name: str, hours: float, pool: str | None) -> None:
    """Show the runs of a work queue that are due soon."""
    with get_client(sync_client=True) as client:
        queue = _find(client, name, pool)
        title = f"Work queue {queue.name!r}, next {hours:g} h"
        print_upcoming(client, title, hours, queue.work_pool_name or chosen_pool(pool), queue)


@work_queue.command()
@click.argument("name")
@pool_option
def delete(name: str, pool: str | None) -> None:
    """Delete a work queue."""
    with get_client(sync_client=True) as client:
        queue = _find(client, name, pool)
        confirm(f"Delete the work queue {queue.name!r}?")
        client.delete_work_queue(queue.id)
    say(f"Deleted the work queue {name!r}.")


@work_queue.command("read-runs")
@click.argument("name")
@pool_option
def read_runs(name: str, pool: str | None) -> None:
    """Show what a worker that polls a work queue would be given; counts as a poll."""
    with get_client(sync_client=True) as client:
        queue = _find(client, name, pool)
        answers = client.get_scheduled_flow_runs_for_work_pool(
            queue.work_pool_name or chosen_pool(pool), [queue.name]
        )
        runs = [answer.flow_run for answer in answers]
        print_runs(client, f"Runs in the work queue {queue.name!r}", runs)


def _find(client: SyncWindlassClient, name: str, pool: str | None) -> WorkQueue:
    """The queue of this id, or of this name in the pool."""
    try:
        return client.read_work_queue(UUID(name))
    except ValueError:
        return client.read_work_queue_by_name(chosen_pool(pool), name)


def _update(name: str, pool: str | None, wanted: WorkQueueUpdate) -> None:
    with get_client(sync_client=True) as client:
        client.update_work_queue(_find(client, name, pool).id, wanted)


def _all_pools(client: SyncWindlassClient) -> list[str]:
    pools = every(
        lambda offset, limit: client.read_work_pools(WorkPoolQuery(offset=offset, limit=limit))
    )
    return [pool.name for pool in pools]


def _queues(client: SyncWindlassClient, pool: str, prefix: str | None) -> list[WorkQueue]:
    by_name = WorkQueueFilter(name=WorkQueueFilterName(startswith_=[prefix])) if prefix else None
    return list(
        every(
            lambda offset, limit: client.read_work_queues(
                pool, WorkQueueQuery(work_queues=by_name, offset=offset, limit=limit)
            )
        )
    )


def _cells(queue: WorkQueue) -> list[str]:
    return [
        queue.work_pool_name or "",
        queue.name,
        str(queue.priority),
        "" if queue.concurrency_limit is None else str(queue.concurrency_limit),
        "" if queue.status is None else queue.status.value,
        str(queue.id),
        queue.description or "",
        tell_moment(queue.last_polled, utc_now()),
    ]
