"""Filters of several resources in one question: which rows of one table match them all.

A filter of another resource becomes `column IN (SELECT ...)`, so that each filter stays a clause on
its own table. A filter that is given, even an empty one, asks that such a row exists.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa

from windlass.schemas.filters.deployments import DeploymentFilter
from windlass.schemas.filters.flow_runs import FlowRunFilter
from windlass.schemas.filters.flows import FlowFilter
from windlass.schemas.filters.task_runs import TaskRunFilter
from windlass.schemas.filters.work_pools import WorkPoolFilter
from windlass.schemas.filters.work_queues import WorkQueueFilter
from windlass_services.storage.filters.criteria import Clause
from windlass_services.storage.filters.deleted_runs import not_of_deleted
from windlass_services.storage.filters.deployments import where_deployments
from windlass_services.storage.filters.flow_runs import where_flow_runs
from windlass_services.storage.filters.flows import where_flows
from windlass_services.storage.filters.task_runs import where_task_runs
from windlass_services.storage.filters.work_pools import where_work_pools
from windlass_services.storage.filters.work_queues import where_work_queues
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import (
    deployment,
    flow,
    flow_run,
    task_run,
    work_pool,
    work_queue,
)


@dataclass(frozen=True, slots=True)
class Filters:
    """What a question may ask of each resource; None asks nothing."""

    flows: FlowFilter | None = None
    flow_runs: FlowRunFilter | None = None
    task_runs: TaskRunFilter | None = None
    deployments: DeploymentFilter | None = None
    work_pools: WorkPoolFilter | None = None
    work_pool_queues: WorkQueueFilter | None = None


def flow_runs_matching(scope: Scope, filters: Filters) -> Clause:
    """Flow runs of the workspace that match every filter."""
    return sa.and_(
        flow_run.c.workspace_id == scope.workspace_id,
        *_given(filters.flow_runs, where_flow_runs),
        *_in(scope, flow_run.c.flow_id, flow.c.id, _given(filters.flows, where_flows)),
        *_in(
            scope, flow_run.c.id, task_run.c.flow_run_id, _given(filters.task_runs, where_task_runs)
        ),
        *_in(
            scope,
            flow_run.c.deployment_id,
            deployment.c.id,
            _given(filters.deployments, where_deployments),
        ),
        *_in_work(scope, flow_run, filters),
    )


def task_runs_matching(scope: Scope, filters: Filters) -> Clause:
    """Task runs of the workspace that match every filter; all but their own go by the flow run.

    Not those of flow runs that are deleted.
    """
    of_flow_run = Filters(
        flows=filters.flows,
        flow_runs=filters.flow_runs,
        deployments=filters.deployments,
        work_pools=filters.work_pools,
        work_pool_queues=filters.work_pool_queues,
    )
    return sa.and_(
        task_run.c.workspace_id == scope.workspace_id,
        not_of_deleted(task_run.c.flow_run_id),
        *_given(filters.task_runs, where_task_runs),
        *_in_flow_runs(scope, task_run.c.flow_run_id, flow_run.c.id, of_flow_run),
    )


def deployments_matching(scope: Scope, filters: Filters) -> Clause:
    """Deployments of the workspace that match every filter."""
    runs = Filters(flow_runs=filters.flow_runs, task_runs=filters.task_runs)
    return sa.and_(
        deployment.c.workspace_id == scope.workspace_id,
        *_given(filters.deployments, where_deployments),
        *_in(scope, deployment.c.flow_id, flow.c.id, _given(filters.flows, where_flows)),
        *_in_flow_runs(scope, deployment.c.id, flow_run.c.deployment_id, runs),
        *_in_work(scope, deployment, filters),
    )


def flows_matching(scope: Scope, filters: Filters) -> Clause:
    """Flows of the workspace that match every filter; pools and queues go by the deployment."""
    runs = Filters(flow_runs=filters.flow_runs, task_runs=filters.task_runs)
    of_deployment = [
        *_given(filters.deployments, where_deployments),
        *_in_work(scope, deployment, filters),
    ]
    return sa.and_(
        flow.c.workspace_id == scope.workspace_id,
        *_given(filters.flows, where_flows),
        *_in(scope, flow.c.id, deployment.c.flow_id, of_deployment),
        *_in_flow_runs(scope, flow.c.id, flow_run.c.flow_id, runs),
    )


FilterT = TypeVar("FilterT")


def _given(asked: FilterT | None, where: Callable[[FilterT], Clause]) -> list[Clause]:
    return [] if asked is None else [where(asked)]


def _in(
    scope: Scope, column: sa.Column[Any], key: sa.Column[Any], clauses: list[Clause]
) -> list[Clause]:
    if not clauses:
        return []
    # The workspace leads every index, so it is asked for although the ids alone would do.
    in_workspace = key.table.c.workspace_id == scope.workspace_id
    return [column.in_(sa.select(key).where(in_workspace, *clauses).correlate(None))]


def _in_flow_runs(
    scope: Scope, column: sa.Column[Any], key: sa.Column[Any], filters: Filters
) -> list[Clause]:
    if filters == Filters():
        return []
    return [column.in_(sa.select(key).where(flow_runs_matching(scope, filters)).correlate(None))]


def _in_work(scope: Scope, table: sa.Table, filters: Filters) -> list[Clause]:
    pools = _given(filters.work_pools, where_work_pools)
    queues = _given(filters.work_pool_queues, where_work_queues)
    return [
        *_in(scope, table.c.work_pool_id, work_pool.c.id, pools),
        *_in(scope, table.c.work_queue_id, work_queue.c.id, queues),
    ]
