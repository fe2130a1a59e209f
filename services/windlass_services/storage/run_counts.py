"""How many runs there are, without counting them: the roll-up that triggers keep up."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, cast

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.schemas.filters.flow_runs import FlowRunFilter
from windlass.schemas.filters.task_runs import TaskRunFilter
from windlass_services.storage.bounds import BOUNDED
from windlass_services.storage.filters.criteria import Clause, combine, on_column
from windlass_services.storage.filters.deleted_runs import DELETED_RUNS
from windlass_services.storage.filters.query import Filters
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import run_count, task_run

FEW: Final = 100
"""So many rows are quickly added up: fewer are left as they are."""
_MOST_AT_ONCE: Final = 10_000


async def count_by_type(
    connection: AsyncConnection, scope: Scope, table: sa.Table, filters: Filters
) -> dict[str | None, int] | None:
    """How many runs of the table match, by the types of their states: None is no state.

    Where the filters ask for more than types of states, nothing here knows it: the answer is None.
    """
    if table.name == "flow_run":
        asked, others = filters.flow_runs, replace(filters, flow_runs=None)
    else:
        asked, others = filters.task_runs, replace(filters, task_runs=None)
    if others != Filters():
        return None
    clause = sa.true() if asked is None else _on_types(asked)
    if clause is None:
        return None
    counted = await connection.execute(
        sa.select(run_count.c.state_type, sa.func.sum(run_count.c.runs))
        .where(
            run_count.c.workspace_id == scope.workspace_id,
            run_count.c.runs_of == table.name,
            clause,
        )
        .group_by(run_count.c.state_type)
        .execution_options(**BOUNDED)
    )
    counts = {type: int(runs) for type, runs in counted}
    if table.name == "task_run":
        hidden = await _count_hidden(connection, scope)
        counts = {type: runs - hidden.get(type, 0) for type, runs in counts.items()}
    return counts


async def merge_run_counts(connection: AsyncConnection) -> int:
    """Put the rows of the roll-up together, unless there are few; how many there were.

    Rows that another process is putting together are passed over. Whoever adds them up meanwhile
    sees the rows from before, or those from after.
    """
    there = await connection.execute(sa.select(run_count.c.id).limit(FEW + 1))
    if len(there.all()) <= FEW:
        return 0
    oldest = sa.select(run_count.c.id).order_by(run_count.c.id).limit(_MOST_AT_ONCE)
    if connection.dialect.name == "postgresql":
        oldest = oldest.with_for_update(skip_locked=True)
    of = (run_count.c.workspace_id, run_count.c.runs_of, run_count.c.state_type)
    taken = await connection.execute(
        sa.delete(run_count).where(run_count.c.id.in_(oldest)).returning(*of, run_count.c.runs)
    )
    sums: dict[tuple[Any, ...], int] = {}
    rows = taken.all()
    for *key, runs in rows:
        sums[tuple(key)] = sums.get(tuple(key), 0) + runs
    merged = [
        {"workspace_id": workspace_id, "runs_of": runs_of, "state_type": type, "runs": runs}
        for (workspace_id, runs_of, type), runs in sums.items()
        if runs
    ]
    if merged:
        await connection.execute(sa.insert(run_count), merged)
    return len(rows)


async def _count_hidden(connection: AsyncConnection, scope: Scope) -> dict[str | None, int]:
    """Task runs that are there but of flow runs that are deleted."""
    is_any = await connection.execute(sa.select(DELETED_RUNS.exists()))
    if not is_any.scalar_one():
        return {}
    counted = await connection.execute(
        sa.select(task_run.c.state_type, sa.func.count())
        .where(
            task_run.c.workspace_id == scope.workspace_id,
            task_run.c.flow_run_id.in_(DELETED_RUNS),
        )
        .group_by(task_run.c.state_type)
        .execution_options(**BOUNDED)
    )
    return {type: runs for type, runs in counted}


def _on_types(asked: FlowRunFilter | TaskRunFilter) -> Clause | None:
    """The filter as a clause on the roll-up; None when it asks for more than types of states."""
    said = asked.model_dump(exclude_none=True)
    if asked.state is None or set(said) - {"operator", "state"}:
        return sa.true() if not set(said) - {"operator"} else None
    in_state = cast(Mapping[str, Any], said["state"])
    if set(in_state) - {"operator", "type"}:
        return None
    return combine(asked.state, on_column(run_count.c.state_type, asked.state.type))
