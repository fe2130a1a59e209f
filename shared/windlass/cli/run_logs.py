"""A part of the logs of a flow run."""

from dataclasses import dataclass
from typing import Self
from uuid import UUID

from windlass.cli.paging import every, first
from windlass.client.orchestration import SyncWindlassClient
from windlass.schemas.filters.logs import LogFilter, LogFilterFlowRunId, LogQuery
from windlass.schemas.filters.sorting import LogSort
from windlass.schemas.logs import Log

_USUAL_COUNT = 20


@dataclass(frozen=True, slots=True)
class Part:
    """Which lines: the first or the last `count`, or all of them (None)."""

    count: int | None = None
    from_end: bool = False

    @classmethod
    def of(cls, *, head: bool, tail: bool, count: int | None) -> Self:
        """What the options of a command mean; without --head and --tail, everything."""
        return cls((count or _USUAL_COUNT) if head or tail else None, tail)


def read_part(
    client: SyncWindlassClient, flow_run_id: UUID, part: Part, *, reverse: bool = False
) -> list[Log]:
    """Lines of the logs of a run, the earliest first, or the latest with `reverse`."""
    order = LogSort.TIMESTAMP_DESC if part.from_end else LogSort.TIMESTAMP_ASC
    mine = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[flow_run_id]))

    def read(offset: int, size: int | None) -> list[Log]:
        return client.read_logs(LogQuery(logs=mine, sort=order, offset=offset, limit=size))

    found = list(every(read)) if part.count is None else first(part.count, read)
    return found[::-1] if part.from_end is not reverse else found
