"""The relay: outbox rows become event rows in one transaction, and then messages."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from windlass_services.events.flow_run_states import flow_run_state_event
from windlass_services.events.intake import announce
from windlass_services.events.rows import TASK_RUN_RECORDER
from windlass_services.orchestration.context import ServiceContext
from windlass_services.runtime.loop import Duty
from windlass_services.storage.event_rows import insert_event_rows
from windlass_services.storage.hot.protocol import EventRow
from windlass_services.storage.outbox import OutboxRow, take_outbox
from windlass_services.storage.subjects import FlowRunSubject, read_flow_run_subjects
from windlass_services.storage.task_run_transitions import show_children_in_parents

_BATCH: Final = 500


def relay_duty(services: ServiceContext) -> Duty:
    """Look every 100 ms; go on at once while there is more than a batch."""

    async def once() -> int:
        return await relay(services, limit=_BATCH)

    return Duty("relay", timedelta(milliseconds=100), once, busy_at=_BATCH)


async def relay(services: ServiceContext, limit: int) -> int:
    """Move up to `limit` outbox rows on; returns how many were taken.

    The task runs that stand for child flow runs in their parents follow in the same transaction.
    What is taken is deleted in the transaction that writes the events. A crash after the commit
    loses a message, not an event: `republish` finds it in the table.
    """
    now = services.clock()
    async with services.database.write() as connection:
        taken = await take_outbox(connection, limit)
        if not taken:
            return 0
        run_ids = {UUID(row.body["flow_run_id"]) for row in taken}
        subjects = await read_flow_run_subjects(connection, run_ids)
        events = events_of(taken, subjects, now)
        for workspace_id, rows in events.items():
            await insert_event_rows(connection, workspace_id, rows)
        await show_children_in_parents(connection, run_ids, now=now)
    for rows in events.values():
        await announce(services.publisher, rows, done_for=(TASK_RUN_RECORDER,))
    return len(taken)


def events_of(
    taken: Sequence[OutboxRow], subjects: Mapping[UUID, FlowRunSubject], now: datetime
) -> dict[UUID, list[EventRow]]:
    """The events by workspace. A run that was deleted meanwhile has none."""
    events: dict[UUID, list[EventRow]] = {}
    for row in taken:
        subject = subjects.get(UUID(row.body["flow_run_id"]))
        if subject is not None:
            event = flow_run_state_event(row.body, subject, now)
            events.setdefault(row.workspace_id, []).append(event)
    return events
