"""Catch-up policies: which waiting runs of schedules are skipped, told by one expression of SQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.schemas.catch_up import MOST_CAUGHT_UP, CatchUp
from windlass.schemas.state_constructors import AWAITING_CONCURRENCY_SLOT
from windlass_services.storage.filters.criteria import Clause
from windlass_services.storage.tables import Timestamp, deployment, flow_run

LATE_AFTER: Final = timedelta(seconds=15)
"""How long after its time a run is late, where no setting says otherwise."""


@dataclass(frozen=True, slots=True)
class SkippedRun:
    """A waiting run that its deployment's policy leaves out, in the state that was read."""

    workspace_id: UUID
    flow_run_id: UUID
    state_id: UUID
    policy: CatchUp


def is_skipped(run: str, deployment: str, *, now: str, late_before: str) -> str:
    """SQL of both dialects: whether the policy of a deployment skips a run of it; null if none is
    said. Each argument is SQL and stands in the text once, in this order: `now`, `late_before`,
    `run`, `deployment`.

    A scalar subquery, so that no planner makes a join of it: where there is no policy, it costs
    the look at one row by its key.
    """
    return _IS_SKIPPED.format(run=run, deployment=deployment, now=now, late_before=late_before)


def goes_out(run: str, deployment: str, *, now: datetime, late_after: timedelta) -> Clause:
    """The same for SQLAlchemy, of columns: no policy skips the run."""
    return _bound(f"{_of_columns(run, deployment)} IS NOT TRUE", now, late_after)


async def read_skipped_runs(
    connection: AsyncConnection, *, now: datetime, late_after: timedelta, limit: int
) -> Sequence[SkippedRun]:
    """Runs that are due and that their policies skip, the oldest first."""
    rows = await connection.execute(
        sa.select(
            flow_run.c.workspace_id, flow_run.c.id, flow_run.c.state_id, deployment.c.catch_up
        )
        .join(deployment, deployment.c.id == flow_run.c.deployment_id)
        .where(
            deployment.c.catch_up.is_not(None),
            # Spelt out, so that the partial indexes on scheduled runs serve it.
            flow_run.c.state_type == sa.literal_column("'SCHEDULED'"),
            flow_run.c.next_scheduled_start_time <= now,
            _bound(_of_columns("flow_run.id", "deployment.id"), now, late_after),
        )
        .order_by(flow_run.c.next_scheduled_start_time)
        .limit(limit)
    )
    return [SkippedRun(*row) for row in rows]


def _of_columns(run: str, deployment: str) -> str:
    return is_skipped(run, deployment, now=":now", late_before=":late_before")


def _bound(text: str, now: datetime, late_after: timedelta) -> Clause:
    moments = {"now": now, "late_before": now - late_after}
    binds = [sa.bindparam(name, moment, Timestamp) for name, moment in moments.items()]
    return sa.and_(sa.text(text).bindparams(*binds))


_WAITS: Final = (
    "r.auto_scheduled AND r.run_count = 0 AND r.execution_generation = 0"
    f" AND r.state_name IN ('Scheduled', 'Late', '{AWAITING_CONCURRENCY_SLOT}')"
)
"""Nobody ever took it, and nobody but its schedule wants it: a retry by hand has another name."""

_IS_NEWER: Final = (
    "n.auto_scheduled AND n.expected_start_time > r.expected_start_time"
    " AND n.expected_start_time <= m.now"
)
_NEWER: Final = (
    "SELECT 1 FROM flow_run n WHERE n.deployment_id = p.id AND n.state_type = 'SCHEDULED'"
    f" AND n.next_scheduled_start_time > r.expected_start_time AND {_IS_NEWER}"
    # What was taken counts as well, or the next older one would go as soon as the newest went. Of
    # a schedule later runs are made later, so that their ids lead to them.
    " UNION ALL SELECT 1 FROM flow_run n WHERE n.workspace_id = r.workspace_id"
    " AND n.deployment_id = p.id AND n.id > r.id AND n.state_type <> 'SCHEDULED'"
    f" AND {_IS_NEWER}"
)
_POLICY: Final = "CAST(p.catch_up AS TEXT)"
_IS_SKIPPED: Final = (
    f"(SELECT CASE {_POLICY} WHEN '\"all\"' THEN FALSE"
    " WHEN '\"none\"' THEN r.expected_start_time < m.late_before"
    f" WHEN '\"latest\"' THEN EXISTS ({_NEWER})"
    f" ELSE (SELECT count(*) FROM ({_NEWER} LIMIT {MOST_CAUGHT_UP}) c)"
    f" >= CAST({_POLICY} AS INTEGER) END"
    " FROM (SELECT {now} AS now, {late_before} AS late_before) m"
    " CROSS JOIN deployment p JOIN flow_run r ON r.id = {run}"
    " WHERE p.id = {deployment} AND p.catch_up IS NOT NULL"
    f" AND {_WAITS})"
)
