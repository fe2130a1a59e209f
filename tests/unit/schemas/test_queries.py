"""What is asked of the routes that list."""

import pytest

from windlass.schemas.filters.criteria import Query
from windlass.schemas.filters.deployments import DeploymentFilter
from windlass.schemas.filters.events import EventQuery
from windlass.schemas.filters.logs import LogQuery
from windlass.schemas.filters.queries import (
    DeploymentPageQuery,
    DeploymentQuery,
    FlowPageQuery,
    FlowQuery,
    FlowRunPageQuery,
    FlowRunQuery,
    TaskRunPageQuery,
    TaskRunQuery,
)
from windlass.schemas.filters.work_pools import WorkPoolQuery
from windlass.schemas.filters.work_queues import WorkQueueQuery
from windlass.schemas.filters.workers import WorkerQuery

QUERIES = (
    *(DeploymentQuery, FlowQuery, FlowRunQuery, TaskRunQuery, LogQuery),
    *(DeploymentPageQuery, FlowPageQuery, FlowRunPageQuery, TaskRunPageQuery),
    *(EventQuery, WorkPoolQuery, WorkQueueQuery, WorkerQuery),
)


@pytest.mark.parametrize("query", QUERIES)
def test_null_for_any_part_of_a_query_means_its_default(query: type[Query]) -> None:
    nulls = dict.fromkeys(query.model_fields)
    assert query.model_validate(nulls) == query()


def test_what_is_not_null_stays() -> None:
    asked = DeploymentQuery.model_validate({"offset": 3, "limit": None, "deployments": {}})
    assert (asked.offset, asked.limit, asked.deployments) == (3, None, DeploymentFilter())
