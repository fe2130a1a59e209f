"""Which lines of logs a caller asks for."""

from windlass.schemas.base import Shape
from windlass.schemas.filters.criteria import AnyId, Operated, Period, TextSearch, Window
from windlass.schemas.filters.sorting import LogSort
from windlass.schemas.logs import Level


class LogFilterLevel(Shape):
    """By level: from `ge_` to `le_`."""

    ge_: Level | None = None
    le_: Level | None = None


class LogFilterTimestamp(Period):
    """By when the line was logged."""


class LogFilterFlowRunId(AnyId):
    """By flow run."""


class LogFilterTaskRunId(AnyId):
    """By task run; or whether the line belongs to none."""

    is_null_: bool | None = None


class LogFilterTextSearch(TextSearch):
    """By the words of the message and of the logger's name."""


class LogFilter(Operated):
    """Lines for which these criteria hold."""

    level: LogFilterLevel | None = None
    timestamp: LogFilterTimestamp | None = None
    flow_run_id: LogFilterFlowRunId | None = None
    task_run_id: LogFilterTaskRunId | None = None
    text: LogFilterTextSearch | None = None


class LogQuery(Window):
    """The body of the route that lists lines of logs."""

    logs: LogFilter | None = None
    sort: LogSort = LogSort.TIMESTAMP_ASC
