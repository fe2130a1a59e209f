"""Public: sending events, and a stream of those that happen."""

from collections import OrderedDict
from collections.abc import Sequence
from datetime import timedelta
from types import TracebackType
from typing import ClassVar, Final, Protocol, Self
from uuid import UUID

from windlass.client.orchestration import get_client
from windlass.clock import utc_now
from windlass.events.streams import Stream, http_to_ws
from windlass.schemas.events import Event, ReceivedEvent
from windlass.schemas.filters.events import EventFilter

__all__ = [
    "AssertingEventsClient",
    "EventsClient",
    "NullEventsClient",
    "WindlassEventSubscriber",
    "WindlassEventsClient",
    "events_in_socket_from_api_url",
    "events_out_socket_from_api_url",
    "get_events_client",
    "get_events_subscriber",
    "http_to_ws",
]

_ON_THEIR_WAY: Final = timedelta(minutes=1)
_REMEMBERED: Final = 10_000


def events_in_socket_from_api_url(url: str) -> str:
    """Where a websocket takes events."""
    return http_to_ws(url) + "/events/in"


def events_out_socket_from_api_url(url: str) -> str:
    """Where a websocket gives events."""
    return http_to_ws(url) + "/events/out"


class EventsClient(Protocol):
    """Takes events, as long as it is open: an asynchronous context manager."""

    async def emit(self, event: Event) -> None:
        """Send an event."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


def get_events_client() -> "WindlassEventsClient":
    """A client that sends events to the API of the current settings."""
    return WindlassEventsClient()


def get_events_subscriber(
    filter: EventFilter | None = None, reconnection_attempts: int = 10
) -> "WindlassEventSubscriber":
    """The events of the API of the current settings that match, as they happen."""
    return WindlassEventSubscriber(filter, reconnection_attempts=reconnection_attempts)


class NullEventsClient:
    """Takes events and does nothing."""

    async def emit(self, event: Event) -> None:
        """Do nothing."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        return None


class AssertingEventsClient(NullEventsClient):
    """Keeps the events it takes, for tests: `last` is the client that was opened last."""

    last: ClassVar["AssertingEventsClient | None"] = None
    all: ClassVar[list["AssertingEventsClient"]] = []

    def __init__(self) -> None:
        self.events: list[Event] = []

    @classmethod
    def reset(cls) -> None:
        """Forget the clients that there were."""
        cls.last = None
        cls.all = []

    def pop_events(self) -> Sequence[Event]:
        """What it took until now, which it then forgets."""
        taken, self.events = self.events, []
        return taken

    async def emit(self, event: Event) -> None:
        """Keep an event."""
        self.events.append(event)

    async def __aenter__(self) -> Self:
        AssertingEventsClient.last = self
        AssertingEventsClient.all.append(self)
        return self


class WindlassEventsClient:
    """Sends events to the API of the current settings. An asynchronous context manager.

    `emit` returns when the event is stored. It is sent over HTTP, whose answer says so; that of a
    websocket only says that the server has read it. Raises the `ApiError` of a refusal, such as
    `PayloadTooLarge`, or `ServerUnreachable`.
    """

    def __init__(self) -> None:
        self._client = get_client()

    async def emit(self, event: Event) -> None:
        """Send an event, and wait until it is stored."""
        await self._client.create_events([event])

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._client.__aexit__(kind, error, traceback)


class WindlassEventSubscriber:
    """Events that match, as they happen. An asynchronous context manager, and iterator.

    It begins with those of the last minute, unless the filter says since when: an event may take
    its time to arrive. Each event comes once. What happened while a connection was lost is made up
    for, up to 15 minutes. Raises ServerUnreachable after `reconnection_attempts` in a row without
    success, and NotAuthenticated or RequestInvalid if the server refuses the credentials or the
    filter.
    """

    def __init__(
        self, filter: EventFilter | None = None, *, reconnection_attempts: int = 10
    ) -> None:
        self._asked = filter or EventFilter()
        self._stream = Stream("/events/out", reconnection_attempts)
        self._seen: OrderedDict[UUID, None] = OrderedDict()

    async def __aenter__(self) -> Self:
        asked = self._asked
        if asked.occurred.since is None:
            period = asked.occurred.model_copy(update={"since": utc_now() - _ON_THEIR_WAY})
            asked = asked.model_copy(update={"occurred": period})
        await self._stream.open(asked)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stream.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ReceivedEvent:
        while True:
            message = await self._stream.receive()
            event = ReceivedEvent.model_validate(message["event"])
            if event.id not in self._seen:
                self._seen[event.id] = None
                if len(self._seen) > _REMEMBERED:
                    self._seen.popitem(last=False)
                return event
