"""The event of a flow run's change of state."""

from typing import Any

from pydantic_core import from_json

from windlass.clock import utc_now
from windlass.ids import uuid7
from windlass_services.events.flow_run_states import flow_run_state_event
from windlass_services.storage.subjects import FlowRunSubject, Named


def test_it_names_everything_that_the_run_belongs_to() -> None:
    flow, deployment, queue, pool = (Named(uuid7(), name) for name in ("f", "d", "q", "p"))
    subject = FlowRunSubject(
        uuid7(), uuid7(), "run", 1, ("b", "a"), flow, deployment, queue, pool, "process"
    )
    now = utc_now()
    body = {
        "state_id": str(uuid7()),
        "timestamp": now.isoformat(),
        "name": "Running",
        "type": "RUNNING",
    }
    event = flow_run_state_event(body, subject, now)
    assert event.event == "prefect.flow-run.Running"
    related: list[dict[str, Any]] = from_json(event.related)
    named = [(each["prefect.resource.role"], each["prefect.resource.id"]) for each in related]
    assert named == [
        ("flow", f"prefect.flow.{flow.id}"),
        ("deployment", f"prefect.deployment.{deployment.id}"),
        ("work-queue", f"prefect.work-queue.{queue.id}"),
        ("work-pool", f"prefect.work-pool.{pool.id}"),
        ("tag", "prefect.tag.a"),
        ("tag", "prefect.tag.b"),
    ]
    assert related[3]["prefect.work-pool.type"] == "process"
