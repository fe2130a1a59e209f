"""Every router, in the order in which paths are matched: the catalogue of the API."""

from typing import Final

from fastapi import APIRouter

from . import (
    admin,
    automations,
    collections,
    concurrency_limits,
    csrf_token,
    deployment_runs,
    deployment_schedules,
    deployments,
    event_sockets,
    events,
    executions,
    flow_runs,
    flows,
    log_sockets,
    logs,
    pool_queues,
    root,
    run_states,
    task_runs,
    work_pools,
    work_queues,
    workers,
)

ROUTERS: Final[tuple[APIRouter, ...]] = (
    root.router,
    flows.router,
    flow_runs.router,
    task_runs.router,
    run_states.router,
    deployments.router,
    deployment_runs.router,
    deployment_schedules.router,
    executions.router,
    work_pools.router,
    pool_queues.router,
    workers.router,
    work_queues.router,
    logs.router,
    log_sockets.router,
    events.router,
    event_sockets.router,
    automations.router,
    concurrency_limits.router,
    collections.router,
    csrf_token.router,
    admin.router,
)
