"""Task runs that the server orchestrates: read for a decision, written with what it says.

A child flow run has a task run in its parent, which shows the state of the child.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.exceptions import ObjectNotFound
from windlass.schemas.orchestration import SetStateStatus
from windlass.schemas.states import State, StateType
from windlass_services.storage.flow_run_rows import state_columns_of
from windlass_services.storage.rows import columns_of, in_few_lengths
from windlass_services.storage.run_rows import state_from_row
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import flow_run, task_run, task_run_state
from windlass_services.storage.tag_slots import (
    TagCounts,
    hold_tag_slots,
    lock_tag_counts,
    release_tag_slots,
)
from windlass_services.storage.upserts import insert_into


@dataclass(frozen=True, slots=True)
class TaskRunFacts:
    """A task run that the server orchestrates, and what its rules look at."""

    id: UUID
    flow_run_id: UUID | None
    flow_run_state: State | None
    flow_run_count: int | None
    tags: tuple[str, ...]
    state: State | None
    empirical_policy: Mapping[str, Any]
    run_count: int
    flow_run_run_count: int
    expected_start_time: datetime | None
    next_scheduled_start_time: datetime | None
    start_time: datetime | None
    end_time: datetime | None
    total_run_time: float
    tag_limits: Mapping[str, int]
    """Limit of each limited tag of the run."""
    tag_slots_taken: Mapping[str, int]
    """Slots that other runs hold, by tag."""
    cached: State | None
    """The completed state stored under the proposed cache key, if any and not expired."""


@dataclass(frozen=True, slots=True)
class TaskRunColumns:
    """Every column of a task run that changes along with its state; all are written, always."""

    run_count: int
    flow_run_run_count: int
    expected_start_time: datetime | None
    next_scheduled_start_time: datetime | None
    start_time: datetime | None
    end_time: datetime | None
    total_run_time: float


@dataclass(frozen=True, slots=True)
class TaskRunDecision:
    """All that one transaction writes for one transition of a task run.

    `state` None means that nothing is written. A written state always comes with `columns`.
    """

    status: SetStateStatus
    state: State | None
    reason: str | None = None
    retry_after: float | None = None
    """Seconds, with WAIT."""
    columns: TaskRunColumns | None = None
    tag_slots: tuple[str, ...] | None = None
    """The tags whose slots the run holds from now on: none, to give all back; None, as before."""


async def lock_task_run_facts(
    connection: AsyncConnection, scope: Scope, task_run_id: UUID, proposed: State, *, now: datetime
) -> TaskRunFacts:
    """The facts of a task run to decide on `proposed`. Raises `ObjectNotFound`.

    Its row stays locked until the transaction ends, and so do the limits of its tags, if it is to
    run: only then do they matter.
    """
    is_it = sa.and_(task_run.c.id == task_run_id, task_run.c.workspace_id == scope.workspace_id)
    row = (await connection.execute(_FACTS.where(is_it))).mappings().one_or_none()
    if row is None:
        raise ObjectNotFound(f"There is no task run with the id {task_run_id}.")
    tags = tuple(row["tags"])
    counts, cached = TagCounts({}, {}), None
    if proposed.is_running():
        counts = await lock_tag_counts(connection, scope, tags, task_run_id, now=now)
        cached = await _cached(connection, scope, proposed.state_details.cache_key, now)
    return TaskRunFacts(
        **{column.name: row[column.name] for column in _PLAIN_FACTS},
        tags=tags,
        state=state_from_row(row),
        flow_run_state=state_from_row(_unprefixed(row)),
        flow_run_count=row["flow_run__run_count"],
        tag_limits=counts.limits,
        tag_slots_taken=counts.taken,
        cached=cached,
    )


async def write_task_run_decision(
    connection: AsyncConnection,
    scope: Scope,
    task_run_id: UUID,
    decision: TaskRunDecision,
    *,
    now: datetime,
) -> None:
    """Write the state of a decision, if it has one, and all that goes with it."""
    state, columns = decision.state, decision.columns
    if state is None or columns is None:
        return
    await connection.execute(
        sa.update(task_run)
        .where(task_run.c.id == task_run_id, task_run.c.workspace_id == scope.workspace_id)
        .values(
            **state_columns_of(state), **columns_of(columns), **_cache_columns(state), updated=now
        )
    )
    history = _history_row(scope.workspace_id, task_run_id, state, now)
    await connection.execute(insert_into(connection, task_run_state).values(history))
    if decision.tag_slots:
        await hold_tag_slots(connection, scope, decision.tag_slots, task_run_id, now=now)
    elif decision.tag_slots is not None:
        await release_tag_slots(connection, scope, task_run_id, now=now)


async def show_children_in_parents(
    connection: AsyncConnection, flow_run_ids: Collection[UUID], *, now: datetime
) -> None:
    """Make the task run that stands for each of these child flow runs what the child is now.

    Flow runs without a parent are passed over. Idempotent, and monotone by the time of the state:
    it belongs into the transaction that relays the change of the child.
    """
    found = await connection.execute(_CHILDREN, {"ids": in_few_lengths(flow_run_ids)})
    for row in found.mappings().all():
        child = state_from_row(row)
        if child is None:
            continue
        details = child.state_details.model_copy(
            update={
                "flow_run_id": row["parent__flow_run_id"],
                "task_run_id": row["parent_task_run_id"],
                "child_flow_run_id": row["id"],
            }
        )
        shown = child.model_copy(update={"state_details": details})
        await _show(connection, row, shown, now)


async def _show(
    connection: AsyncConnection, row: sa.RowMapping, shown: State, now: datetime
) -> None:
    changed = await connection.execute(
        sa.update(task_run)
        .where(
            task_run.c.id == row["parent_task_run_id"],
            sa.or_(
                task_run.c.state_timestamp.is_(None),
                task_run.c.state_timestamp < shown.timestamp,
            ),
        )
        .values(
            **state_columns_of(shown),
            **{name: row[name] for name in _SHOWN_COLUMNS},
            updated=now,
        )
    )
    if changed.rowcount:
        history = _history_row(row["workspace_id"], row["parent_task_run_id"], shown, now)
        insert = insert_into(connection, task_run_state).values(history)
        await connection.execute(insert.on_conflict_do_nothing())


async def _cached(
    connection: AsyncConnection, scope: Scope, cache_key: str | None, now: datetime
) -> State | None:
    """The completed state that was stored last under this key, if it has not expired."""
    if cache_key is None:
        return None
    found = await connection.execute(
        sa.select(*(task_run.c[name] for name in _STATE_NAMES))
        .where(
            task_run.c.workspace_id == scope.workspace_id,
            task_run.c.cache_key == cache_key,
            task_run.c.state_type == StateType.COMPLETED.value,
            # The key of the run itself is only what its client told of it.
            task_run.c.state_details["cache_key"].as_string() == cache_key,
            sa.or_(task_run.c.cache_expiration.is_(None), task_run.c.cache_expiration > now),
        )
        .order_by(task_run.c.state_timestamp.desc())
        .limit(1)
    )
    row = found.mappings().one_or_none()
    return None if row is None else state_from_row(row)


def _cache_columns(state: State) -> dict[str, Any]:
    """What makes a completed state found again by its cache key."""
    details = state.state_details
    if not state.is_completed() or details.cache_key is None:
        return {}
    return {"cache_key": details.cache_key, "cache_expiration": details.cache_expiration}


def _history_row(
    workspace_id: UUID, task_run_id: UUID, state: State, now: datetime
) -> dict[str, Any]:
    return {
        "day": state.timestamp.date(),
        "id": state.id,
        "workspace_id": workspace_id,
        "task_run_id": task_run_id,
        "type": state.type.value,
        "name": state.name,
        "timestamp": state.timestamp,
        "message": state.message,
        "state_details": state.state_details.model_dump(mode="json", exclude_defaults=True),
        "data": state.data,
        "created": now,
    }


_PLAIN_FACTS: Final = (
    task_run.c.id,
    task_run.c.flow_run_id,
    task_run.c.empirical_policy,
    task_run.c.run_count,
    task_run.c.flow_run_run_count,
    task_run.c.expected_start_time,
    task_run.c.next_scheduled_start_time,
    task_run.c.start_time,
    task_run.c.end_time,
    task_run.c.total_run_time,
)
_STATE_NAMES: Final = tuple(
    column.name for column in flow_run.columns if column.name.startswith("state_")
)
_FLOW_RUN_PREFIX: Final = "flow_run__"
_FACTS: Final = (
    sa.select(
        *_PLAIN_FACTS,
        task_run.c.tags,
        *(task_run.c[name] for name in _STATE_NAMES),
        *(flow_run.c[name].label(_FLOW_RUN_PREFIX + name) for name in (*_STATE_NAMES, "run_count")),
    )
    .select_from(task_run)
    .outerjoin(flow_run, flow_run.c.id == task_run.c.flow_run_id)
    .with_for_update(of=task_run)
)
_SHOWN_COLUMNS: Final = (
    *("run_count", "start_time", "end_time", "total_run_time", "next_scheduled_start_time"),
)
_CHILDREN: Final = (
    sa.select(
        *(flow_run.c[name] for name in ("id", "workspace_id", "parent_task_run_id")),
        *(flow_run.c[name] for name in (*_STATE_NAMES, *_SHOWN_COLUMNS)),
        task_run.c.flow_run_id.label("parent__flow_run_id"),
    )
    .join(task_run, task_run.c.id == flow_run.c.parent_task_run_id)
    .where(flow_run.c.id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(flow_run.c.parent_task_run_id)
)


def _unprefixed(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {name: row[_FLOW_RUN_PREFIX + name] for name in _STATE_NAMES}
