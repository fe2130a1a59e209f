"""Heartbeats that stock runners send as events: they keep the executions of their runs alive.

A stock flow renews no lease. Whoever started it may send such an event every so often; from the
first one on, silence means that it is gone.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from windlass_services.api.context import ApiContext
from windlass_services.events.intake import take_in
from windlass_services.storage.executions import read_observed_executions
from windlass_services.storage.hot.protocol import EventRow, Renewal
from windlass_services.storage.scope import Scope

HEARTBEAT: Final = "prefect.flow-run.heartbeat"
_FLOW_RUN: Final = "prefect.flow-run."


async def take_in_events(context: ApiContext, scope: Scope, events: Sequence[EventRow]) -> None:
    """Store events that a client sent, and renew the leases of what is alive by them."""
    await take_in(context.database, context.publisher, scope, events)
    alive = {id for event in events if event.event == HEARTBEAT for id in _flow_run_of(event)}
    if not alive:
        return
    async with context.database.read() as connection:
        ids = await read_observed_executions(connection, scope, alive)
    lease = timedelta(seconds=context.settings.server.heartbeat_lease_seconds)
    await context.database.hot.renew(scope, [Renewal(id) for id in ids], context.clock(), lease)


def _flow_run_of(event: EventRow) -> list[UUID]:
    """The flow run that the event is about; none where it is about something else."""
    kind, _, id = event.resource_id.partition(_FLOW_RUN)
    try:
        return [UUID(id)] if not kind else []
    except ValueError:
        return []
