"""Which flow runs a filter means."""

import sqlalchemy as sa

from windlass.schemas.filters.flow_runs import (
    FlowRunFilter,
    FlowRunFilterCreatedBy,
    FlowRunFilterParentFlowRunId,
    FlowRunFilterState,
    FlowRunFilterWorkQueueName,
)
from windlass_services.storage.filters.criteria import Clause, combine, on_column, on_tags
from windlass_services.storage.tables import flow_run, task_run, work_queue


def where_flow_runs(asked: FlowRunFilter) -> Clause:
    """The clause on `flow_run`."""
    run = flow_run.c
    return combine(
        asked,
        on_column(run.id, asked.id),
        on_column(run.name, asked.name),
        on_tags(run.tags, asked.tags),
        on_column(run.deployment_id, asked.deployment_id),
        _in_queue(asked.work_queue_name),
        _in_state(asked.state),
        on_column(run.flow_version, asked.flow_version),
        on_column(run.start_time, asked.start_time),
        on_column(run.end_time, asked.end_time),
        on_column(run.expected_start_time, asked.expected_start_time),
        on_column(run.next_scheduled_start_time, asked.next_scheduled_start_time),
        _called_by(asked.parent_flow_run_id),
        on_column(run.parent_task_run_id, asked.parent_task_run_id),
        on_column(run.idempotency_key, asked.idempotency_key),
        _created_by(asked.created_by),
    )


def _in_state(asked: FlowRunFilterState | None) -> Clause | None:
    if asked is None:
        return None
    return combine(
        asked,
        on_column(flow_run.c.state_type, asked.type),
        on_column(flow_run.c.state_name, asked.name),
    )


def _in_queue(asked: FlowRunFilterWorkQueueName | None) -> Clause | None:
    if asked is None:
        return None
    named = None
    if asked.any_ is not None:
        queues = sa.select(work_queue.c.id).where(work_queue.c.name.in_(asked.any_))
        named = flow_run.c.work_queue_id.in_(queues.correlate(None))
    if asked.is_null_ is None:
        return named
    without = flow_run.c.work_queue_id.is_(None)
    return combine(asked, named, without if asked.is_null_ else ~without)


def _called_by(asked: FlowRunFilterParentFlowRunId | None) -> Clause | None:
    if asked is None or asked.any_ is None:
        return None
    return sa.exists().where(
        task_run.c.id == flow_run.c.parent_task_run_id,
        task_run.c.workspace_id == flow_run.c.workspace_id,  # which leads every index
        task_run.c.flow_run_id.in_(asked.any_),
    )


def _created_by(asked: FlowRunFilterCreatedBy | None) -> Clause | None:
    if asked is None:
        return None
    maker = flow_run.c.created_by
    clauses: list[Clause] = []
    if asked.id_ is not None:
        clauses.append(maker["id"].as_string().in_([str(id) for id in asked.id_]))
    if asked.type_ is not None:
        clauses.append(maker["type"].as_string().in_(asked.type_))
    if asked.is_null_ is not None:
        clauses.append(maker.is_(None) if asked.is_null_ else maker.is_not(None))
    return combine(asked, *clauses) if clauses else None
