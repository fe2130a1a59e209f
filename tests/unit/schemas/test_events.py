"""Events: what makes a resource, and what the server adds."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from windlass.schemas.events import Event, ReceivedEvent, RelatedResource, Resource

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SENT = {
    "id": "00000000-0000-0000-0000-00000000000a",
    "occurred": "2026-03-01T11:00:00Z",
    "event": "prefect.flow-run.Running",
    "resource": {"prefect.resource.id": "prefect.flow-run.x", "prefect.resource.name": "swift-x"},
    "related": [{"prefect.resource.id": "prefect.flow.y", "prefect.resource.role": "flow"}],
}


def test_a_resource_answers_for_its_labels() -> None:
    resource = Resource({"prefect.resource.id": "a", "prefect.resource.name": "b", "c": "d"})
    assert (resource.id, resource.name, resource["c"]) == ("a", "b", "d")
    assert resource.get("e", "f") == "f"


def test_a_resource_without_an_id_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"prefect\.resource\.id"):
        Resource({"prefect.resource.name": "b"})


def test_a_related_resource_without_a_role_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"prefect\.resource\.role"):
        RelatedResource({"prefect.resource.id": "a"})


def test_an_event_involves_its_resource_and_the_related_ones() -> None:
    involved = Event.model_validate(SENT).involved_resources
    assert [resource.id for resource in involved] == ["prefect.flow-run.x", "prefect.flow.y"]


def test_the_server_adds_when_it_received_an_event() -> None:
    received = Event.model_validate(SENT).receive(NOW)
    assert received == ReceivedEvent.model_validate({**SENT, "received": NOW})
