"""Which work pools match."""

from windlass.schemas.filters.work_pools import WorkPoolFilter
from windlass_services.storage.filters.criteria import Clause, combine, on_column
from windlass_services.storage.tables import work_pool


def where_work_pools(asked: WorkPoolFilter) -> Clause:
    """A clause on `work_pool`."""
    return combine(
        asked,
        on_column(work_pool.c.id, asked.id),
        on_column(work_pool.c.name, asked.name),
        on_column(work_pool.c.type, asked.type),
    )
