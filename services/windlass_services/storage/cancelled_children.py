"""Flow runs under way whose parent is cancelled, or being cancelled."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass_services.storage.overdue_runs import OverdueRun
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import flow_run, task_run


async def read_children_to_cancel(
    connection: AsyncConnection, scope: Scope, *, limit: int
) -> list[OverdueRun]:
    """The children of cancelled runs that nobody has cancelled yet, in the states that were read.

    A parent is known by the task run that stands for the child in it. A flow that was called in the
    process of a cancelled run may have crashed with that process: then what it asked for counts as
    asked for by its caller.
    """
    callers = _callers(scope)
    rows = await connection.execute(
        sa.select(callers.c.workspace_id, callers.c.child_id, callers.c.state_id)
        .where(callers.c.state_of_caller.in_(_CANCELLED))
        .distinct()
        .limit(limit)
    )
    return [OverdueRun(*row) for row in rows]


def _callers(scope: Scope) -> sa.CTE:
    """Children under way, each with every caller that is cancelled or passes it on to its own."""
    child, caller, above = (flow_run.alias(name) for name in ("child", "caller", "above"))
    callers = (
        sa.select(
            child.c.workspace_id,
            child.c.id.label("child_id"),
            child.c.state_id,
            caller.c.state_type.label("state_of_caller"),
            caller.c.parent_task_run_id,
        )
        .join(task_run, task_run.c.id == child.c.parent_task_run_id)
        .join(caller, caller.c.id == task_run.c.flow_run_id)
        .where(
            child.c.workspace_id == scope.workspace_id,
            child.c.state_type.in_(_UNDER_WAY),
            child.c.parent_task_run_id.is_not(None),
            _matters(caller),
        )
        .cte("callers", recursive=True)
    )
    return callers.union(
        sa.select(
            callers.c.workspace_id,
            callers.c.child_id,
            callers.c.state_id,
            above.c.state_type,
            above.c.parent_task_run_id,
        )
        .join(task_run, task_run.c.id == callers.c.parent_task_run_id)
        .join(above, above.c.id == task_run.c.flow_run_id)
        .where(callers.c.state_of_caller == "CRASHED", _matters(above))
    )


def _matters(caller: sa.FromClause) -> sa.ColumnElement[bool]:
    crashed_in_process = sa.and_(caller.c.state_type == "CRASHED", caller.c.deployment_id.is_(None))
    return sa.or_(caller.c.state_type.in_(_CANCELLED), crashed_in_process)


_CANCELLED: Final = ("CANCELLING", "CANCELLED")
_UNDER_WAY: Final = ("SCHEDULED", "PENDING", "RUNNING", "PAUSED")
