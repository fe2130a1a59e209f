"""Background task runs on their way to task workers: rows, each with one worker at a time.

A row is made with the state that schedules the run, in one transaction. A worker gets it by a
claim, which lasts until it expires, is given back, or the run is over.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.schemas.states import TERMINAL_STATES, State, StateType
from windlass.schemas.task_runs import TaskRun
from windlass_services.storage.run_rows import state_from_row
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import task_delivery, task_run
from windlass_services.storage.task_runs import task_run_from_row
from windlass_services.storage.upserts import insert_into


@dataclass(frozen=True, slots=True)
class Taker:
    """A subscription that waits for one run of any of these tasks."""

    subscription_id: UUID
    worker: str
    task_keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class LostRun:
    """A run whose worker is gone, in the state that was read; None for a run that is deleted."""

    workspace_id: UUID
    task_run_id: UUID
    worker: str
    task_parameters_id: UUID | None
    state: State | None
    run_count: int
    empirical_policy: Mapping[str, Any]


def is_delivered(state: State) -> bool:
    """Whether a task run that enters this state is for a task worker."""
    return state.type is StateType.SCHEDULED and bool(state.state_details.deferred)


async def schedule_delivery(
    connection: AsyncConnection,
    scope: Scope,
    task_run_id: UUID,
    state: State,
    *,
    now: datetime,
) -> str:
    """Have the run handed out when `state` says that it is due, whoever had it before.

    Returns the key of its task.
    """
    found = await connection.execute(
        sa.select(task_run.c.task_key).where(task_run.c.id == task_run_id)
    )
    task_key = found.scalar_one()
    details = state.state_details
    said = {
        "task_parameters_id": details.task_parameters_id,
        "due": details.scheduled_time or now,
        "worker": None,
        "subscription_id": None,
        "is_acknowledged": False,
        "expires_at": None,
    }
    await connection.execute(
        insert_into(connection, task_delivery)
        .values(**said, task_run_id=task_run_id, workspace_id=scope.workspace_id, task_key=task_key)
        .on_conflict_do_update(index_elements=["task_run_id"], set_=said)
    )
    return task_key


async def claim_deliveries(
    connection: AsyncConnection,
    scope: Scope,
    takers: Sequence[Taker],
    *,
    now: datetime,
    until: datetime,
) -> dict[UUID, TaskRun]:
    """A run for each of the takers for which there is one that is due, by their subscriptions.

    The oldest come first, and go to the first taker that knows the task. A run that somebody
    moved on meanwhile, as by cancelling it, is handed to nobody and forgotten here.
    """
    found: dict[UUID, TaskRun] = {}
    waiting = list(takers)
    while waiting:
        rows = await _due(connection, scope, waiting, now)
        if not rows:
            break
        gone = [row["delivered_id"] for row in rows if row["state_type"] != "SCHEDULED"]
        await forget_deliveries(connection, gone)
        for row in rows:
            if row["state_type"] != "SCHEDULED":
                continue
            taker = next((one for one in waiting if row["task_key"] in one.task_keys), None)
            if taker is None:
                continue
            waiting.remove(taker)
            await _hand_to(connection, row["delivered_id"], taker, until)
            found[taker.subscription_id] = task_run_from_row(row, now)
    return found


async def next_delivery_due(
    connection: AsyncConnection, scope: Scope, task_keys: Collection[str]
) -> datetime | None:
    """When the next run of these tasks is to be handed out; None if there is none."""
    found = await connection.execute(
        sa.select(sa.func.min(task_delivery.c.due)).where(_waits(scope, task_keys))
    )
    return found.scalar_one()


async def acknowledge_delivery(
    connection: AsyncConnection, task_run_id: UUID, subscription_id: UUID
) -> bool:
    """The worker has it for good; False when the run was taken away from this subscription."""
    changed = await connection.execute(
        sa.update(task_delivery)
        .where(
            task_delivery.c.task_run_id == task_run_id,
            task_delivery.c.subscription_id == subscription_id,
        )
        .values(is_acknowledged=True)
    )
    return bool(changed.rowcount)


async def give_back_deliveries(
    connection: AsyncConnection, subscription_ids: Collection[UUID]
) -> list[str]:
    """Let others have what these subscriptions did not acknowledge; the tasks it is runs of."""
    return await _free(
        connection,
        task_delivery.c.subscription_id.in_(subscription_ids),
        sa.not_(task_delivery.c.is_acknowledged),
    )


async def free_unconfirmed(
    connection: AsyncConnection, worker: str, task_run_ids: Collection[UUID]
) -> list[str]:
    """Let others have what this worker does not know to have; the tasks it is runs of."""
    return await _free(
        connection, task_delivery.c.task_run_id.in_(task_run_ids), task_delivery.c.worker == worker
    )


async def free_unacknowledged(connection: AsyncConnection, *, now: datetime) -> list[str]:
    """Let others have what expired without being acknowledged; the tasks it is runs of."""
    return await _free(
        connection, task_delivery.c.expires_at <= now, sa.not_(task_delivery.c.is_acknowledged)
    )


async def free_lost_deliveries(
    connection: AsyncConnection, task_run_ids: Collection[UUID], *, now: datetime
) -> list[str]:
    """Let others have these, if they are still lost; the tasks it is runs of."""
    return await _free(
        connection, task_delivery.c.task_run_id.in_(task_run_ids), task_delivery.c.expires_at <= now
    )


async def renew_deliveries(
    connection: AsyncConnection,
    workers: Collection[str],
    subscription_ids: Collection[UUID],
    *,
    until: datetime,
) -> None:
    """What is with these workers, and in these subscriptions, stays there until then."""
    await connection.execute(
        sa.update(task_delivery)
        .where(
            task_delivery.c.worker.in_(workers),
            sa.or_(
                task_delivery.c.is_acknowledged,
                task_delivery.c.subscription_id.in_(subscription_ids),
            ),
        )
        .values(expires_at=until)
    )


async def read_lost_runs(
    connection: AsyncConnection, *, now: datetime, limit: int
) -> list[LostRun]:
    """Runs that were acknowledged by workers that are gone, those that are over included."""
    rows = await connection.execute(
        sa.select(
            *(task_run.c[name] for name in _STATE_NAMES),
            task_run.c.run_count,
            task_run.c.empirical_policy,
            task_delivery.c.workspace_id,
            task_delivery.c.task_run_id,
            task_delivery.c.worker,
            task_delivery.c.task_parameters_id,
        )
        .select_from(task_delivery)
        .outerjoin(task_run, task_run.c.id == task_delivery.c.task_run_id)
        .where(task_delivery.c.is_acknowledged, task_delivery.c.expires_at <= now)
        .order_by(task_delivery.c.expires_at)
        .limit(limit)
    )
    return [
        LostRun(
            row["workspace_id"],
            row["task_run_id"],
            row["worker"],
            row["task_parameters_id"],
            state_from_row(row),
            row["run_count"] or 0,
            row["empirical_policy"] or {},
        )
        for row in rows.mappings()
    ]


async def forget_deliveries(connection: AsyncConnection, task_run_ids: Collection[UUID]) -> None:
    """These are nobody's business any more."""
    if task_run_ids:
        await connection.execute(
            sa.delete(task_delivery).where(task_delivery.c.task_run_id.in_(task_run_ids))
        )


async def forget_finished(connection: AsyncConnection) -> int:
    """Forget runs that are over, or deleted; how many they were."""
    is_live = sa.exists().where(
        task_run.c.id == task_delivery.c.task_run_id,
        task_run.c.state_type.not_in([one.value for one in TERMINAL_STATES]),
    )
    gone = await connection.execute(
        sa.delete(task_delivery).where(task_delivery.c.is_acknowledged, sa.not_(is_live))
    )
    return gone.rowcount


async def _due(
    connection: AsyncConnection, scope: Scope, takers: Sequence[Taker], now: datetime
) -> Sequence[sa.RowMapping]:
    keys = frozenset[str]().union(*(taker.task_keys for taker in takers))
    rows = await connection.execute(
        sa.select(task_run, task_delivery.c.task_run_id.label("delivered_id"))
        .select_from(task_delivery)
        .outerjoin(task_run, task_run.c.id == task_delivery.c.task_run_id)
        .where(_waits(scope, keys), task_delivery.c.due <= now)
        .order_by(task_delivery.c.due, task_delivery.c.task_run_id)
        .limit(len(takers))
        .with_for_update(of=task_delivery, skip_locked=True)
    )
    return rows.mappings().all()


async def _hand_to(
    connection: AsyncConnection, task_run_id: UUID, taker: Taker, until: datetime
) -> None:
    await connection.execute(
        sa.update(task_delivery)
        .where(task_delivery.c.task_run_id == task_run_id)
        .values(
            worker=taker.worker,
            subscription_id=taker.subscription_id,
            is_acknowledged=False,
            expires_at=until,
        )
    )


async def _free(connection: AsyncConnection, *clauses: sa.ColumnElement[bool]) -> list[str]:
    freed = await connection.execute(
        sa.update(task_delivery)
        .where(task_delivery.c.worker.is_not(None), *clauses)
        .values(worker=None, subscription_id=None, is_acknowledged=False, expires_at=None)
        .returning(task_delivery.c.task_key)
    )
    return list(freed.scalars())


def _waits(scope: Scope, task_keys: Collection[str]) -> sa.ColumnElement[bool]:
    return sa.and_(
        task_delivery.c.workspace_id == scope.workspace_id,
        task_delivery.c.task_key.in_(task_keys),
        task_delivery.c.worker.is_(None),
    )


_STATE_NAMES: Final = tuple(
    column.name for column in task_run.columns if column.name.startswith("state_")
)
