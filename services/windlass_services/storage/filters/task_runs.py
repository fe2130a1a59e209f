"""Which task runs a filter means."""

import sqlalchemy as sa

from windlass.schemas.filters.task_runs import (
    TaskRunFilter,
    TaskRunFilterFlowRunId,
    TaskRunFilterState,
    TaskRunFilterSubFlowRuns,
)
from windlass_services.storage.filters.criteria import Clause, combine, on_column, on_tags
from windlass_services.storage.tables import flow_run, task_run


def where_task_runs(asked: TaskRunFilter) -> Clause:
    """The clause on `task_run`."""
    run = task_run.c
    return combine(
        asked,
        on_column(run.id, asked.id),
        on_column(run.name, asked.name),
        on_tags(run.tags, asked.tags),
        _in_state(asked.state),
        on_column(run.start_time, asked.start_time),
        on_column(run.expected_start_time, asked.expected_start_time),
        _stands_for_flow_run(asked.subflow_runs),
        _in_flow_run(asked.flow_run_id),
    )


def _in_state(asked: TaskRunFilterState | None) -> Clause | None:
    if asked is None:
        return None
    return combine(
        asked,
        on_column(task_run.c.state_type, asked.type),
        on_column(task_run.c.state_name, asked.name),
    )


def _in_flow_run(asked: TaskRunFilterFlowRunId | None) -> Clause | None:
    # `is_null_` is false unless it is set, and then says nothing beside `any_`.
    if asked is None:
        return None
    if asked.is_null_:
        return task_run.c.flow_run_id.is_(None)
    if asked.any_ is None:
        return None
    return task_run.c.flow_run_id.in_(asked.any_)


def _stands_for_flow_run(asked: TaskRunFilterSubFlowRuns | None) -> Clause | None:
    if asked is None or asked.exists_ is None:
        return None
    called = sa.exists().where(
        flow_run.c.parent_task_run_id == task_run.c.id,
        flow_run.c.workspace_id == task_run.c.workspace_id,  # which leads every index
    )
    return called if asked.exists_ else ~called
