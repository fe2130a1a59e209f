"""The event of a firing, as stock servers send it; its id says of what it is the firing."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from windlass.ids import uuid7_at
from windlass_services.events.rows import event_row
from windlass_services.storage.hot.protocol import EventRow
from windlass_services.storage.trigger_buckets import BucketKey
from windlass_services.triggers.buckets import Firing
from windlass_services.triggers.labels import labels_of
from windlass_services.triggers.matching import Event, Watch

TRIGGERED: Final = "prefect.automation.triggered"

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def firing_event(
    watch: Watch,
    key: BucketKey,
    firing: Firing,
    triggering_event: Event | None,
    *,
    occurred: datetime,
    received: datetime,
) -> EventRow:
    """`prefect.automation.triggered`: what an action needs to know is in its payload."""
    related: list[dict[str, str]] = []
    if triggering_event is not None:
        related.append(
            {
                "prefect.resource.id": f"prefect.event.{triggering_event['id']}",
                "prefect.resource.role": "triggering-event",
            }
        )
    payload: dict[str, Any] = {
        "triggering_labels": labels_of(key.key),
        "triggering_event": triggering_event,
    }
    return event_row(
        id=firing_id(key, firing),
        occurred=occurred,
        received=received,
        event=TRIGGERED,
        resource={
            "prefect.resource.id": f"prefect.automation.{watch.automation.id}",
            "prefect.resource.name": watch.automation.name,
            "prefect.posture": watch.trigger.posture.value,
        },
        related=related,
        payload=payload,
        follows=None,
    )


def firing_id(key: BucketKey, firing: Firing) -> UUID:
    """The same for the same firing, whoever computes it and how often; sorts by its time."""
    at, cause = firing.cause
    said = f"{key.automation_id} {key.trigger_id} {cause} {at.isoformat()} {key.key}"
    random = int.from_bytes(sha256(said.encode()).digest()[:8], "big")
    return uuid7_at((at - _EPOCH) // _MICROSECOND * 1000, random)
