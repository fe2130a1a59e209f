"""Logs as they arrive: announced when they are stored, for whoever watches at that moment.

Nothing is kept for those who do not watch, and nothing is repeated after a broker was away: the
table has every record.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter

from windlass.schemas.base import Shape
from windlass.schemas.filters.criteria import Operator
from windlass.schemas.filters.logs import LogFilter
from windlass.schemas.filters.text_search import parse_search
from windlass.schemas.logs import Log
from windlass_services.storage.hot.protocol import LogRow
from windlass_services.streams.protocol import Announcement, Streams

_CHANNEL: Final = "logs:"
_LOGS: Final = TypeAdapter(list[Log])


async def announce_logs(streams: Streams, rows: Sequence[LogRow]) -> None:
    """Tell whoever watches one of the runs about records that are stored."""
    by_run: dict[UUID | None, list[Log]] = {}
    for row in rows:
        by_run.setdefault(row.flow_run_id, []).append(_log_of(row))
    for flow_run_id, logs in by_run.items():
        await streams.announce(_channel_of(flow_run_id), _LOGS.dump_json(logs).decode())


def channels_of(asked: LogFilter) -> list[str]:
    """Where what is asked for is announced."""
    runs = asked.flow_run_id.any_ if asked.flow_run_id else None
    if runs is None or asked.operator is Operator.OR:
        return [f"{_CHANNEL}*"]
    return [_channel_of(id) for id in runs]


def logs_in(announcement: Announcement, asked: LogFilter) -> list[Log]:
    """The records of an announcement that are asked for."""
    if not announcement.payload:
        return []
    return [log for log in _LOGS.validate_json(announcement.payload) if is_asked_for(asked, log)]


def is_asked_for(asked: LogFilter, log: Log) -> bool:
    """Whether a record is one that the filter means."""
    answers = [
        _holds(asked.level, log.level),
        _holds(asked.timestamp, log.timestamp),
        _holds(asked.flow_run_id, log.flow_run_id),
        _holds(asked.task_run_id, log.task_run_id),
        parse_search(asked.text.query).match(f"{log.message} {log.name}") if asked.text else None,
    ]
    given = [answer for answer in answers if answer is not None]
    return any(given) or not given if asked.operator is Operator.OR else all(given)


def _channel_of(flow_run_id: UUID | None) -> str:
    return f"{_CHANNEL}{flow_run_id or ''}"


def _log_of(row: LogRow) -> Log:
    return Log(
        id=row.id,
        created=row.timestamp,
        name=row.name,
        level=row.level,
        message=row.message,
        timestamp=row.timestamp,
        flow_run_id=row.flow_run_id,
        task_run_id=row.task_run_id,
    )


_HOLDS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "any_": lambda value, wanted: value in wanted,
    "is_null_": lambda value, wanted: (value is None) is wanted,
    "after_": lambda value, wanted: value >= wanted,
    "before_": lambda value, wanted: value <= wanted,
    "ge_": lambda value, wanted: value >= wanted,
    "le_": lambda value, wanted: value <= wanted,
}


def _holds(asked: Shape | None, value: object) -> bool | None:
    """Whether all that a criterion says holds; None when it says nothing."""
    wanted = asked.model_dump(exclude_none=True, exclude={"operator"}) if asked else {}
    return all(_HOLDS[name](value, part) for name, part in wanted.items()) if wanted else None
