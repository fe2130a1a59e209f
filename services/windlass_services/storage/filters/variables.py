"""Which variables a filter means."""

from windlass.schemas.filters.variables import VariableFilter
from windlass_services.storage.filters.criteria import Clause, combine, on_column, on_tags
from windlass_services.storage.tables import variable


def where_variables(asked: VariableFilter) -> Clause:
    """The clause on `variable`."""
    return combine(
        asked,
        on_column(variable.c.id, asked.id),
        on_column(variable.c.name, asked.name),
        on_tags(variable.c.tags, asked.tags),
    )
