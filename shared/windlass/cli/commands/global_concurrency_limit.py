"""`windlass global-concurrency-limit`, in short `windlass gcl`: slots that any code may hold."""

from pathlib import Path
from typing import Any

import click
from pydantic_core import to_json

from windlass.cli.asking import confirm
from windlass.cli.console import (
    output_option,
    print_details,
    print_json,
    print_rows,
    say,
)
from windlass.cli.paging import every
from windlass.client.orchestration import get_client
from windlass.schemas.concurrency_limits import (
    GlobalConcurrencyLimitCreate,
    GlobalConcurrencyLimitResponse,
    GlobalConcurrencyLimitUpdate,
)


@click.group("global-concurrency-limit")
def global_concurrency_limit() -> None:
    """Manage global concurrency limits."""


@global_concurrency_limit.command()
@output_option
def ls(output: str | None) -> None:
    """List all limits, those of tags among them."""
    with get_client(sync_client=True) as client:
        found = list(
            every(lambda offset, size: client.read_global_concurrency_limits(size, offset))
        )
    if output:
        print_json(found)
        return
    columns = ["Name", "Limit", "Active slots", "Slot decay per second", "Active", "ID"]
    print_rows("Global concurrency limits", columns, map(_cells, found))


@global_concurrency_limit.command()
@click.argument("name")
@output_option
@click.option(
    "--file",
    "-f",
    "path",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write JSON to this file.",
)
def inspect(name: str, output: str | None, path: Path | None) -> None:
    """Show everything about a limit."""
    with get_client(sync_client=True) as client:
        found = client.read_global_concurrency_limit_by_name(name)
    if path is not None:
        path.write_bytes(to_json(found, indent=2) + b"\n")
        say(f"Wrote the limit {name!r} to {path}.")
        return
    (print_json if output else print_details)(found)


@global_concurrency_limit.command()
@click.argument("name")
@click.option("--limit", "-l", type=click.IntRange(0), required=True, help="Slots there are.")
@click.option("--disable", is_flag=True, help="Hold nobody back for now.")
@click.option("--active-slots", type=click.IntRange(0), default=0, help="Slots taken already.")
@click.option(
    "--slot-decay-per-second",
    type=click.FloatRange(0),
    default=0.0,
    help="Slots that free themselves in a second, for rate limits.",
)
def create(
    name: str, limit: int, disable: bool, active_slots: int, slot_decay_per_second: float
) -> None:
    """Make a limit."""
    wanted = GlobalConcurrencyLimitCreate(
        name=name,
        limit=limit,
        active=not disable,
        active_slots=active_slots,
        slot_decay_per_second=slot_decay_per_second,
    )
    with get_client(sync_client=True) as client:
        id = client.create_global_concurrency_limit(wanted)
    say(f"Made the concurrency limit {name!r} of {limit} with the id {id}.")


@global_concurrency_limit.command()
@click.argument("name")
@click.option("--enable/--disable", "active", default=None, help="Hold back who finds it full.")
@click.option("--limit", "-l", type=click.IntRange(0), help="Slots there are.")
@click.option("--active-slots", type=click.IntRange(0), help="Slots taken now; frees the others.")
@click.option(
    "--slot-decay-per-second",
    type=click.FloatRange(0),
    help="Slots that free themselves in a second, for rate limits.",
)
def update(name: str, **changes: Any) -> None:
    """Change a limit: what is not said stays as it is."""
    said = {field: value for field, value in changes.items() if value is not None}
    if not said:
        raise click.UsageError("Say what to change.")
    _update(name, GlobalConcurrencyLimitUpdate(**said))
    say(f"Changed the concurrency limit {name!r}.")


@global_concurrency_limit.command()
@click.argument("name")
def enable(name: str) -> None:
    """Hold back who finds a limit full."""
    _update(name, GlobalConcurrencyLimitUpdate(active=True))
    say(f"Enabled the concurrency limit {name!r}.")


@global_concurrency_limit.command()
@click.argument("name")
def disable(name: str) -> None:
    """Let a limit hold nobody back."""
    _update(name, GlobalConcurrencyLimitUpdate(active=False))
    say(f"Disabled the concurrency limit {name!r}.")


@global_concurrency_limit.command()
@click.argument("name")
def delete(name: str) -> None:
    """Delete a limit."""
    with get_client(sync_client=True) as client:
        client.read_global_concurrency_limit_by_name(name)
        confirm(f"Delete the global concurrency limit {name!r}?")
        client.delete_global_concurrency_limit_by_name(name)
    say(f"Deleted the concurrency limit {name!r}.")


def _update(name: str, update: GlobalConcurrencyLimitUpdate) -> None:
    with get_client(sync_client=True) as client:
        client.update_global_concurrency_limit(name, update)


def _cells(limit: GlobalConcurrencyLimitResponse) -> list[str]:
    return [
        limit.name,
        str(limit.limit),
        str(limit.active_slots),
        f"{limit.slot_decay_per_second:g}",
        "yes" if limit.active else "no",
        str(limit.id),
    ]
