"""`windlass concurrency-limit`: how many tasks with a tag may be running."""

import click

from windlass.cli.asking import confirm
from windlass.cli.console import output_option, print_details, print_json, print_rows, say
from windlass.client.orchestration import get_client


@click.group("concurrency-limit")
def concurrency_limit() -> None:
    """Manage concurrency limits of tags."""


@concurrency_limit.command()
@click.argument("tag")
@click.argument("limit", type=click.IntRange(0))
def create(tag: str, limit: int) -> None:
    """Let at most LIMIT tasks with TAG be running at once; with 0, none."""
    with get_client(sync_client=True) as client:
        client.create_concurrency_limit(tag, limit)
    say(f"At most {limit} tasks tagged {tag!r} are running at once now.")


@concurrency_limit.command()
@click.argument("tag")
@output_option
def inspect(tag: str, output: str | None) -> None:
    """Show a limit, and the task runs that hold its slots (`active_slots`)."""
    with get_client(sync_client=True) as client:
        found = client.read_concurrency_limit_by_tag(tag)
    (print_json if output else print_details)(found)


@concurrency_limit.command()
@click.option("--limit", type=click.IntRange(0), default=15, show_default=True, help="At most.")
@click.option("--offset", type=click.IntRange(0), default=0, show_default=True, help="Skip some.")
@output_option
def ls(limit: int, offset: int, output: str | None) -> None:
    """List the limits of tags."""
    with get_client(sync_client=True) as client:
        found = client.read_concurrency_limits(limit=limit, offset=offset)
    if output:
        print_json(found)
        return
    rows = (
        [each.tag, str(each.concurrency_limit), str(len(each.active_slots)), str(each.id)]
        for each in found
    )
    print_rows("Concurrency limits of tags", ["Tag", "Limit", "Running", "ID"], rows)


@concurrency_limit.command()
@click.argument("tag")
def reset(tag: str) -> None:
    """Free all slots of a limit, whoever holds them."""
    with get_client(sync_client=True) as client:
        client.reset_concurrency_limit_by_tag(tag)
    say(f"Freed the slots of the tag {tag!r}.")


@concurrency_limit.command()
@click.argument("tag")
def delete(tag: str) -> None:
    """Delete a limit: any number of tasks with the tag may be running."""
    with get_client(sync_client=True) as client:
        confirm(f"Delete the concurrency limit of the tag {tag!r}?")
        client.delete_concurrency_limit_by_tag(tag)
    say(f"Deleted the concurrency limit of the tag {tag!r}.")
