"""Where the API takes what processes tell: task runs, events and logs."""

from collections.abc import Callable
from typing import Final, NamedTuple

from windlass.schemas.base import JsonObject, JsonValue


class Route(NamedTuple):
    """A route of the API; `name` is that of its lines on disk, `body` makes its JSON of lines."""

    name: str
    path: str
    body: Callable[[list[JsonObject]], JsonValue]


def _reports_body(lines: list[JsonObject]) -> JsonValue:
    return {"reports": lines}


def _as_they_are(lines: list[JsonObject]) -> JsonValue:
    return lines


REPORTS_ROUTE: Final = Route("reports", "/task_runs/report", _reports_body)
EVENTS_ROUTE: Final = Route("events", "/events", _as_they_are)
LOGS_ROUTE: Final = Route("logs", "/logs/", _as_they_are)
ROUTES: Final = (REPORTS_ROUTE, EVENTS_ROUTE, LOGS_ROUTE)
