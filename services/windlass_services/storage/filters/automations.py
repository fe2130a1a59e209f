"""Which automations a filter means."""

from windlass.schemas.filters.automations import AutomationFilter
from windlass_services.storage.filters.criteria import Clause, combine, on_column, on_tags
from windlass_services.storage.tables import automation


def where_automations(asked: AutomationFilter) -> Clause:
    """The clause on `automation`."""
    return combine(
        asked,
        on_column(automation.c.name, asked.name),
        on_column(automation.c.created, asked.created),
        on_tags(automation.c.tags, asked.tags),
    )
