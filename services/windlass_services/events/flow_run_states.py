"""The event of a flow run's change of state, from the small row that the change wrote."""

from datetime import datetime
from typing import Any
from uuid import UUID

from windlass_services.events.rows import event_row
from windlass_services.events.subjects import related, related_pool, related_tags
from windlass_services.storage.hot.protocol import EventRow
from windlass_services.storage.subjects import FlowRunSubject


def flow_run_state_event(
    body: dict[str, Any], subject: FlowRunSubject, received: datetime
) -> EventRow:
    """`prefect.flow-run.<State name>`. Its id is the state's id; it follows the state before."""
    occurred = datetime.fromisoformat(body["timestamp"])
    initial = body.get("initial_type")
    return event_row(
        id=UUID(body["state_id"]),
        occurred=occurred,
        received=received,
        event=f"prefect.flow-run.{body['name']}",
        resource={
            "prefect.resource.id": f"prefect.flow-run.{subject.id}",
            "prefect.resource.name": subject.name,
            "prefect.run-count": str(subject.run_count),
            "prefect.state-message": body.get("message") or "",
            "prefect.state-name": body["name"],
            "prefect.state-timestamp": occurred.isoformat(),
            "prefect.state-type": body["type"],
        },
        related=_related(subject),
        payload={
            "intended": {"from": initial, "to": body["type"]},
            "initial_state": None
            if initial is None
            else {"type": initial, "name": body.get("initial_name")},
            "validated_state": _validated(body),
        },
        follows=UUID(body["initial_id"]) if body.get("initial_id") else None,
    )


def _validated(body: dict[str, Any]) -> dict[str, Any]:
    state = {"type": body["type"], "name": body["name"]}
    return state | {"message": body["message"]} if body.get("message") else state


def _related(subject: FlowRunSubject) -> list[dict[str, str]]:
    roles = (
        ("flow", subject.flow),
        ("deployment", subject.deployment),
        ("work-queue", subject.work_queue),
    )
    named = [related(role, role, item) for role, item in roles if item is not None]
    if subject.work_pool is not None:
        named.append(related_pool(subject.work_pool, subject.work_pool_type))
    return named + related_tags(subject.tags)
