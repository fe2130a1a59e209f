"""Which work queues match."""

from windlass.schemas.filters.work_queues import WorkQueueFilter
from windlass_services.storage.filters.criteria import Clause, combine, on_column
from windlass_services.storage.tables import work_queue


def where_work_queues(asked: WorkQueueFilter) -> Clause:
    """A clause on `work_queue`."""
    return combine(
        asked,
        on_column(work_queue.c.id, asked.id),
        on_column(work_queue.c.name, asked.name),
    )
