"""Which events a subscriber is sent."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from windlass.schemas.events import ReceivedEvent, Resource
from windlass.schemas.filters.events import EventFilter
from windlass_services.events.matching import is_asked_for

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ID = UUID("00000000-0000-0000-0000-00000000000a")
EVENT = ReceivedEvent(
    id=ID,
    occurred=NOW,
    received=NOW,
    event="prefect.flow-run.Running",
    resource=Resource({"prefect.resource.id": "prefect.flow-run.1"}),
)


@pytest.mark.parametrize(
    ("ids", "expected"), [([], True), ([ID], True), ([UUID(int=1)], False), (None, True)]
)
def test_an_empty_list_of_ids_asks_for_no_id(ids: list[UUID] | None, expected: bool) -> None:
    since = {"since": NOW, "until": NOW}
    asked = EventFilter.model_validate({"occurred": since, "id": {"id": ids}})
    assert is_asked_for(asked, EVENT) is expected
