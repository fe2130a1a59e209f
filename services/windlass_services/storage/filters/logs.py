"""Which log records a filter means."""

from windlass.schemas.filters.logs import LogFilter, LogFilterTextSearch
from windlass_services.storage.filters.criteria import Clause, combine, on_column
from windlass_services.storage.filters.text import on_text
from windlass_services.storage.tables import log


def where_logs(asked: LogFilter) -> Clause:
    """The clause on `log`."""
    return combine(
        asked,
        on_column(log.c.level, asked.level),
        on_column(log.c.timestamp, asked.timestamp),
        on_column(log.c.flow_run_id, asked.flow_run_id),
        on_column(log.c.task_run_id, asked.task_run_id),
        _with_text(asked.text),
    )


def _with_text(asked: LogFilterTextSearch | None) -> Clause | None:
    return None if asked is None else on_text(log.c.message + " " + log.c.name, asked.query)
