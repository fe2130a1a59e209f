"""Which workers match."""

from windlass.schemas.filters.workers import WorkerFilter
from windlass_services.storage.filters.criteria import Clause, combine, on_column
from windlass_services.storage.tables import worker


def where_workers(asked: WorkerFilter) -> Clause:
    """A clause on `worker`."""
    return combine(
        asked,
        on_column(worker.c.last_heartbeat_time, asked.last_heartbeat_time),
        on_column(worker.c.status, asked.status),
    )
