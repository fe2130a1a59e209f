"""The event of a pool, a queue or a deployment that became ready, not ready or paused."""

from datetime import datetime
from uuid import UUID

from windlass_services.events.rows import event_row
from windlass_services.events.subjects import POOL_TYPE, related, related_pool
from windlass_services.storage.hot.protocol import EventRow
from windlass_services.storage.statuses import StatusChange


def work_status_event(change: StatusChange, id: UUID, now: datetime) -> EventRow:
    """`prefect.work-pool.not-ready`, `prefect.work-queue.ready`, `prefect.deployment.ready`, ..."""
    resource = {
        "prefect.resource.id": f"prefect.{change.kind}.{change.subject.id}",
        "prefect.resource.name": change.subject.name,
    }
    if change.work_pool is None and change.work_pool_type is not None:
        resource[POOL_TYPE] = change.work_pool_type
    return event_row(
        id=id,
        occurred=now,
        received=now,
        event=f"prefect.{change.kind}.{change.status.lower().replace('_', '-')}",
        resource=resource,
        related=_related(change),
        payload={},
        follows=None,
    )


def _related(change: StatusChange) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    if change.flow is not None:
        found.append(related("flow", "flow", change.flow))
    if change.work_queue is not None:
        found.append(related("work-queue", "work-queue", change.work_queue))
    if change.work_pool is not None:
        found.append(related_pool(change.work_pool, change.work_pool_type))
    return found
