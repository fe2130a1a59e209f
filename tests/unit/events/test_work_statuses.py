"""The events of pools, queues and deployments whose status changed."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from pydantic_core import from_json

from windlass_services.events.work_statuses import work_status_event
from windlass_services.storage.statuses import StatusChange
from windlass_services.storage.subjects import Named

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
POOL = Named(UUID(int=1), "pool")


def test_a_pool_says_its_type() -> None:
    change = StatusChange("work-pool", POOL, "NOT_READY", work_pool_type="process")
    id = uuid4()
    event = work_status_event(change, id, NOW)
    assert (event.id, event.event) == (id, "prefect.work-pool.not-ready")
    assert event.occurred == event.received == NOW
    assert from_json(event.resource) == {
        "prefect.resource.id": f"prefect.work-pool.{POOL.id}",
        "prefect.resource.name": "pool",
        "prefect.work-pool.type": "process",
    }
    assert from_json(event.related) == []


def test_a_deployment_is_related_to_its_flow_its_queue_and_its_pool() -> None:
    change = StatusChange(
        "deployment",
        Named(UUID(int=2), "nightly"),
        "READY",
        work_pool=POOL,
        work_pool_type="process",
        work_queue=Named(UUID(int=3), "default"),
        flow=Named(UUID(int=4), "flow"),
    )
    event = work_status_event(change, uuid4(), NOW)
    assert event.event == "prefect.deployment.ready"
    assert "prefect.work-pool.type" not in from_json(event.resource)
    related = from_json(event.related)
    assert [(item["prefect.resource.role"], item["prefect.resource.name"]) for item in related] == [
        ("flow", "flow"),
        ("work-queue", "default"),
        ("work-pool", "pool"),
    ]
    assert related[-1]["prefect.work-pool.type"] == "process"
    assert event.resource_ids[0] == event.resource_id == f"prefect.deployment.{UUID(int=2)}"
    assert len(event.resource_ids) == 4
