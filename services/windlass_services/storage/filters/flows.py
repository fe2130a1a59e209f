"""Which flows a filter means."""

import sqlalchemy as sa

from windlass.schemas.filters.flows import FlowFilter, FlowFilterDeployment
from windlass_services.storage.filters.criteria import Clause, combine, on_column, on_tags
from windlass_services.storage.tables import deployment, flow


def where_flows(asked: FlowFilter) -> Clause:
    """The clause on `flow`."""
    return combine(
        asked,
        on_column(flow.c.id, asked.id),
        _deployed(asked.deployment),
        on_column(flow.c.name, asked.name),
        on_tags(flow.c.tags, asked.tags),
    )


def _deployed(asked: FlowFilterDeployment | None) -> Clause | None:
    if asked is None or asked.is_null_ is None:
        return None
    has_one = sa.exists().where(
        deployment.c.flow_id == flow.c.id,
        deployment.c.workspace_id == flow.c.workspace_id,  # which leads every index
    )
    return ~has_one if asked.is_null_ else has_one
