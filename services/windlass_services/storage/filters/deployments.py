"""Which deployments match."""

import sqlalchemy as sa

from windlass.schemas.filters.deployments import DeploymentFilter, DeploymentOrFlowNameFilter
from windlass_services.storage.filters.criteria import Clause, combine, on_column, on_tags
from windlass_services.storage.tables import deployment, flow


def where_deployments(asked: DeploymentFilter) -> Clause:
    """A clause on `deployment`."""
    return combine(
        asked,
        on_column(deployment.c.id, asked.id),
        on_column(deployment.c.name, asked.name),
        _by_either_name(asked.flow_or_deployment_name),
        on_column(deployment.c.paused, asked.paused),
        on_tags(deployment.c.tags, asked.tags),
        on_column(deployment.c.work_queue_name, asked.work_queue_name),
        on_column(deployment.c.concurrency_limit, asked.concurrency_limit),
    )


def _by_either_name(asked: DeploymentOrFlowNameFilter | None) -> Clause | None:
    own_name = on_column(deployment.c.name, asked)
    flow_name = on_column(flow.c.name, asked)
    if own_name is None or flow_name is None:
        return None
    flows = sa.select(flow.c.id).where(flow_name).correlate(None)
    return own_name | deployment.c.flow_id.in_(flows)
