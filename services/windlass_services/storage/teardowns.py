"""Teardowns: infrastructure of executions that are over, ended by whichever worker can reach it.

A row is there until a worker said that nothing is left. One that was given up stays for a while, as
a dead letter.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, assert_never
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.schemas.base import JsonObject
from windlass.schemas.states import StateType
from windlass.schemas.teardowns import Teardown, TeardownOutcome, TeardownsToTake, TornDown
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import execution, flow_run, teardown, work_pool
from windlass_services.storage.upserts import insert_into

VISIBILITY: Final = timedelta(minutes=2)
"""How long a worker that took a teardown has it for itself."""
MOST_ATTEMPTS: Final = 10
"""After so many attempts that failed, nobody tries again."""
PATIENCE: Final = timedelta(hours=6)
"""How long a teardown waits for a worker that can do it."""
KEPT: Final = timedelta(days=30)
"""How long one that was given up can be looked at."""
_MOST_AT_ONCE: Final = 100
_FIRST_PAUSE: Final = timedelta(seconds=15)
_LONGEST_PAUSE: Final = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class GivenUpTeardown:
    """A dead letter: infrastructure that may still be there. `pool` is None if that is gone."""

    execution_id: str
    flow_run_id: UUID
    pool: str | None
    handle: JsonObject
    attempts: int
    last_error: str | None
    given_up_at: datetime


async def take_teardowns(
    connection: AsyncConnection,
    scope: Scope,
    work_pool_id: UUID,
    asked: TeardownsToTake,
    *,
    now: datetime,
) -> list[Teardown]:
    """Teardowns that are due and can be done from the worker's place, the longest due first.

    Each is an attempt, and nobody else gets it meanwhile.
    """
    places = [] if asked.place is None else [asked.place]
    due = await connection.execute(
        sa.select(teardown.c.execution_id)
        .where(
            teardown.c.workspace_id == scope.workspace_id,
            teardown.c.work_pool_id == work_pool_id,
            _is_due(now),
            sa.or_(_PLACE.is_(None), _PLACE.in_(places)),
        )
        .order_by(teardown.c.next_attempt_at, teardown.c.execution_id)
        .limit(min(asked.limit, _MOST_AT_ONCE))
        .with_for_update(skip_locked=True)
    )
    taken = await connection.execute(
        sa.update(teardown)
        .where(teardown.c.execution_id.in_(due.scalars().all()))
        .values(attempts=teardown.c.attempts + 1, next_attempt_at=now + VISIBILITY)
        .returning(*(teardown.c[name] for name in Teardown.model_fields))
    )
    return [Teardown.model_validate(dict(row)) for row in taken.mappings()]


async def settle_teardown(
    connection: AsyncConnection, scope: Scope, said: TornDown, *, now: datetime
) -> None:
    """Note what became of an attempt. Nothing happens to a teardown that is done already."""
    which = _is(scope, said.execution_id)
    match said.outcome:
        case TeardownOutcome.GONE:
            await connection.execute(sa.delete(teardown).where(which))
        case TeardownOutcome.FAILED:
            found = await connection.execute(sa.select(teardown.c.attempts).where(which))
            attempts = found.scalar_one_or_none() or 0
            is_last = attempts >= MOST_ATTEMPTS
            await connection.execute(
                sa.update(teardown)
                .where(which, teardown.c.given_up_at.is_(None))
                .values(
                    last_error=_told(said),
                    next_attempt_at=now + pause_after(attempts),
                    given_up_at=now if is_last else None,
                )
            )
        case TeardownOutcome.UNREACHABLE:
            tried = sa.case((teardown.c.attempts > 0, teardown.c.attempts - 1), else_=0)
            await connection.execute(
                sa.update(teardown)
                .where(which, teardown.c.given_up_at.is_(None))
                .values(last_error=_told(said), attempts=tried, next_attempt_at=now)
            )
        case _:
            assert_never(said.outcome)


def pause_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts that failed."""
    return min(_FIRST_PAUSE * 2 ** min(max(attempts - 1, 0), MOST_ATTEMPTS), _LONGEST_PAUSE)


async def tear_down_late_start(
    connection: AsyncConnection, scope: Scope, execution_id: str, *, now: datetime
) -> None:
    """Note what was started for an execution that had been given up before its handle was known.

    Not for one that was done meanwhile, or suspended: that ends by itself.
    """
    of_run = flow_run.c.execution_id == execution.c.id
    ended_itself = sa.and_(of_run, flow_run.c.state_type.in_(_ENDED_ITSELF))
    late = (
        sa.select(
            execution.c.id,
            execution.c.workspace_id,
            execution.c.flow_run_id,
            execution.c.work_pool_id,
            execution.c.handle,
            sa.literal(0),
            *(sa.literal(now, type_=teardown.c.created.type) for _ in range(2)),
        )
        .join(flow_run, flow_run.c.id == execution.c.flow_run_id)
        .where(
            execution.c.id == execution_id,
            execution.c.workspace_id == scope.workspace_id,
            execution.c.ended_at.is_not(None),
            execution.c.exit_code.is_(None),
            execution.c.handle.is_not(None),
            execution.c.work_pool_id.is_not(None),
            ~ended_itself,
        )
    )
    await connection.execute(
        insert_into(connection, teardown).from_select(_NEW, late).on_conflict_do_nothing()
    )


async def delete_executions(
    connection: AsyncConnection, flow_run_ids: Sequence[UUID], *, now: datetime
) -> None:
    """Delete the executions of runs that are deleted. What those that live run is torn down."""
    # Deleting them gives their rows as they are now: a handle may have been told meanwhile.
    deleted = await connection.execute(
        sa.delete(execution)
        .where(execution.c.flow_run_id.in_(flow_run_ids))
        .returning(*(execution.c[name] for name in (*_OF_EXECUTION, "id", "ended_at")))
    )
    left = [
        {name: row[name] for name in _OF_EXECUTION}
        | {"execution_id": row["id"], "attempts": 0, "next_attempt_at": now, "created": now}
        for row in deleted.mappings()
        if row["ended_at"] is None and row["handle"] and row["work_pool_id"]
    ]
    if left:
        insert = insert_into(connection, teardown).on_conflict_do_nothing()
        await connection.execute(insert, left)


async def forget_teardown(connection: AsyncConnection, scope: Scope, execution_id: str) -> bool:
    """The infrastructure is known to be gone. Whether it was to be torn down."""
    gone = await connection.execute(sa.delete(teardown).where(_is(scope, execution_id)))
    return gone.rowcount > 0


async def give_up_teardowns(connection: AsyncConnection, *, now: datetime) -> int:
    """Set aside those that nobody could do, and forget those set aside long ago.

    Returns how many were set aside: workers died of them, or none that can reach them is there.
    """
    await connection.execute(sa.delete(teardown).where(teardown.c.given_up_at < now - KEPT))
    given_up = await connection.execute(
        sa.update(teardown)
        .where(
            _is_due(now),
            sa.or_(teardown.c.attempts >= MOST_ATTEMPTS, teardown.c.created < now - PATIENCE),
        )
        .values(given_up_at=now, last_error=sa.func.coalesce(teardown.c.last_error, _NOBODY))
    )
    return given_up.rowcount


async def read_given_up_teardowns(
    connection: AsyncConnection, scope: Scope, limit: int
) -> list[GivenUpTeardown]:
    """Those that were set aside, the newest first."""
    names = ("execution_id", "flow_run_id", "handle", "attempts", "last_error", "given_up_at")
    rows = await connection.execute(
        sa.select(*(teardown.c[name] for name in names), work_pool.c.name.label("pool"))
        .outerjoin(work_pool, work_pool.c.id == teardown.c.work_pool_id)
        .where(teardown.c.workspace_id == scope.workspace_id, teardown.c.given_up_at.is_not(None))
        .order_by(teardown.c.given_up_at.desc(), teardown.c.execution_id)
        .limit(limit)
    )
    return [GivenUpTeardown(**row) for row in rows.mappings()]


async def redrive_teardowns(
    connection: AsyncConnection,
    scope: Scope,
    execution_ids: Collection[str] | None,
    *,
    now: datetime,
) -> int:
    """Try these again, or all that were set aside, as if they were new. Returns how many."""
    which: list[sa.ColumnElement[bool]] = [
        teardown.c.workspace_id == scope.workspace_id,
        teardown.c.given_up_at.is_not(None),
    ]
    if execution_ids is not None:
        which.append(teardown.c.execution_id.in_(execution_ids))
    redriven = await connection.execute(
        sa.update(teardown)
        .where(*which)
        .values(given_up_at=None, attempts=0, next_attempt_at=now, created=now)
    )
    return redriven.rowcount


async def count_due_teardowns(
    connection: AsyncConnection, scope: Scope, *, now: datetime
) -> Counter[tuple[str, str | None]]:
    """How many are due, by the name of their pool and the place that they can be done from."""
    rows = await connection.execute(
        sa.select(work_pool.c.name, _PLACE, sa.func.count())
        .join_from(teardown, work_pool, work_pool.c.id == teardown.c.work_pool_id)
        .where(teardown.c.workspace_id == scope.workspace_id, _is_due(now))
        .group_by(work_pool.c.name, _PLACE)
    )
    return Counter({(name, place): count for name, place, count in rows})


async def measure_teardowns(connection: AsyncConnection) -> tuple[int, int]:
    """How many wait, and how many were given up."""
    given_up = sa.func.count(teardown.c.given_up_at)
    row = (await connection.execute(sa.select(sa.func.count() - given_up, given_up))).one()
    return row[0], row[1]


def _is(scope: Scope, execution_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(
        teardown.c.execution_id == execution_id, teardown.c.workspace_id == scope.workspace_id
    )


def _is_due(now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(teardown.c.given_up_at.is_(None), teardown.c.next_attempt_at <= now)


def _told(said: TornDown) -> str:
    return f"Worker {said.worker_name!r}: {said.reason or said.outcome}"


_PLACE: Final[sa.ColumnElement[str | None]] = teardown.c.handle["place"].as_string()
_NOBODY: Final = "No worker of the pool that can reach it asked for it."
_ENDED_ITSELF: Final = (StateType.COMPLETED, StateType.FAILED, StateType.PAUSED)
_OF_EXECUTION: Final = ("workspace_id", "flow_run_id", "work_pool_id", "handle")
_NEW: Final[Sequence[Any]] = (
    *("execution_id", "workspace_id", "flow_run_id", "work_pool_id", "handle", "attempts"),
    *("next_attempt_at", "created"),
)
