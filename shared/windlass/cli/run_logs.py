"""A part of the logs of a run, and the options that say which."""

from dataclasses import dataclass
from typing import Self
from uuid import UUID

import click

from windlass.cli.paging import every, first
from windlass.client.orchestration import SyncWindlassClient
from windlass.schemas.filters.logs import (
    LogFilter,
    LogFilterFlowRunId,
    LogFilterTaskRunId,
    LogQuery,
)
from windlass.schemas.filters.sorting import LogSort
from windlass.schemas.logs import Log

_USUAL_COUNT = 20


head_option = click.option("--head", "-h", is_flag=True, help="Only the first lines.")
tail_option = click.option("--tail", "-t", is_flag=True, help="Only the last lines.")
count_option = click.option(
    "--num-logs",
    "-n",
    "count",
    type=click.IntRange(1),
    help="How many lines --head and --tail show (20).",
)
reverse_option = click.option("--reverse", "-r", is_flag=True, help="The latest first.")


@dataclass(frozen=True, slots=True)
class Part:
    """Which lines: the first or the last `count`, or all of them (None)."""

    count: int | None = None
    from_end: bool = False

    @classmethod
    def of(cls, *, head: bool, tail: bool, count: int | None) -> Self:
        """What the options of a command mean; without any of them, everything."""
        if head and tail:
            raise click.UsageError("Give --head or --tail, not both.")
        from_end = tail or (count is not None and not head)
        return cls((count or _USUAL_COUNT) if head or from_end else None, from_end)


def of_flow_run(id: UUID) -> LogFilter:
    """The logs of a flow run, its task runs included."""
    return LogFilter(flow_run_id=LogFilterFlowRunId(any_=[id]))


def of_task_run(id: UUID) -> LogFilter:
    """The logs of a task run."""
    return LogFilter(task_run_id=LogFilterTaskRunId(any_=[id]))


def read_part(
    client: SyncWindlassClient, of: LogFilter, part: Part, *, reverse: bool = False
) -> list[Log]:
    """Lines of logs, the earliest first, or the latest with `reverse`."""
    order = LogSort.TIMESTAMP_DESC if part.from_end else LogSort.TIMESTAMP_ASC

    def read(offset: int, size: int | None) -> list[Log]:
        return client.read_logs(LogQuery(logs=of, sort=order, offset=offset, limit=size))

    found = list(every(read)) if part.count is None else first(part.count, read)
    return found[::-1] if part.from_end is not reverse else found
