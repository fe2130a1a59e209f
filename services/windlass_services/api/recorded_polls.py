"""The record that somebody polls: what makes queues and deployments ready."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from windlass.schemas.work_queues import WorkQueue
from windlass_services.api.changes import Opened, changing
from windlass_services.storage.polls import (
    deployment_polls_to_record,
    polls_to_record,
    record_deployment_polls,
    record_polls,
)
from windlass_services.storage.scope import Scope


async def record_queue_polls(
    context: Opened, scope: Scope, queues: Sequence[WorkQueue], now: datetime
) -> None:
    """Write down that these queues were polled, where that says anything new."""
    ids = polls_to_record(queues, now)
    if ids:
        async with changing(context, scope) as change:
            change.statuses = await record_polls(change.connection, ids, now=now)


async def record_runner_polls(
    context: Opened, scope: Scope, deployment_ids: Collection[UUID], now: datetime
) -> None:
    """Note that a runner asked for runs of these deployments, where that says anything new."""
    async with context.database.read() as connection:
        ids = await deployment_polls_to_record(connection, scope, deployment_ids, now=now)
    if ids:
        async with changing(context, scope) as change:
            change.statuses = await record_deployment_polls(change.connection, ids, now=now)
