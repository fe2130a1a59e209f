"""Events."""

from collections.abc import Sequence

from windlass.client._async.resource import AsyncResource
from windlass.schemas.events import Event, EventPage
from windlass.schemas.filters.events import EventQuery


class AsyncEvents(AsyncResource):
    """The methods for events."""

    async def create_events(self, events: Sequence[Event]) -> None:
        """Store events. One that was sent before, which its id tells, changes nothing."""
        body = [event.model_dump(mode="json") for event in events]
        await self._request("POST", "/events", body=body)

    async def read_events(self, query: EventQuery | None = None) -> EventPage:
        """The first page of the events that match, the newest first unless asked otherwise."""
        return await self._read(EventPage, "POST", "/events/filter", body=query or EventQuery())
