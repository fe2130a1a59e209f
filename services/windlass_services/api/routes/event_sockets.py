"""Events over websockets: a client's stream in, and what happens streamed out."""

from collections import OrderedDict
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from pydantic import ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from windlass.exceptions import PayloadTooLarge
from windlass.schemas.events import Event, ReceivedEvent
from windlass.schemas.filters.events import EventFilter
from windlass.schemas.filters.sorting import EventOrder
from windlass_services.api.context import ApiContext
from windlass_services.api.declaring import Routes
from windlass_services.api.heartbeats import take_in_events
from windlass_services.api.sizes import check_event_size
from windlass_services.api.socket_protocol import frames_at_hand
from windlass_services.api.sockets import accept_subscriber, until_gone
from windlass_services.events.matching import is_asked_for
from windlass_services.events.rows import EVENTS_TOPIC, row_of_event
from windlass_services.storage.events import read_events
from windlass_services.storage.hot.protocol import EventRow
from windlass_services.storage.paging import Window
from windlass_services.storage.scope import Scope

router = Routes(tags=["Events"])

_BACKFILL: Final = timedelta(minutes=15)
_BACKFILL_PAGE: Final = 250
_CLOCKS_DIFFER: Final = timedelta(days=1)
_REMEMBERED: Final = 10_000
_UNREADABLE: Final = 1007
_TOO_LARGE: Final = 1009
_AT_ONCE: Final = 100
"""Events of a socket that are stored together at most: so many others do not wait for long."""
_BYTES_A_CHARACTER: Final = 4  # at most


@router.websocket("/events/in")
async def stream_events_in(socket: WebSocket) -> None:
    """Each frame is one event. Those that have come are stored together, before more are read."""
    context: ApiContext = socket.app.state.context
    await socket.accept(subprotocol=_subprotocol(socket))
    try:
        while True:
            await _take_in_what_came(context, socket)
    except ValidationError as error:
        await socket.close(_UNREADABLE, f"Not an event: {error.errors()[0]['msg']}"[:120])
    except PayloadTooLarge as error:
        await socket.close(_TOO_LARGE, str(error)[:120])
    except WebSocketDisconnect:
        return


async def _take_in_what_came(context: ApiContext, socket: WebSocket) -> None:
    """Wait for one event, and store it with those behind it. What came before a frame that is no
    event, or before the end, is stored all the same."""
    rows: list[EventRow] = []
    try:
        rows.append(await _next_row(context, socket))
        for _ in range(min(frames_at_hand(socket.scope), _AT_ONCE - 1)):
            rows.append(await _next_row(context, socket))
    finally:
        await take_in_events(context, Scope(), rows)


async def _next_row(context: ApiContext, socket: WebSocket) -> EventRow:
    frame = await socket.receive_text()
    event = Event.model_validate_json(frame)
    check_event_size(context.settings.server.events, event, _BYTES_A_CHARACTER * len(frame))
    return row_of_event(event, context.clock())


@router.websocket("/events/out")
async def stream_events_out(socket: WebSocket) -> None:
    """After the handshake: what matches of the last minutes, then what happens, each event once.

    The live stream is opened before the table is read, and what both have is sent once, so there
    is no gap and no repetition at the seam.
    """
    context: ApiContext = socket.app.state.context
    asked = await accept_subscriber(socket, EventFilter)
    if asked is None:
        return
    async with context.streams.tail(EVENTS_TOPIC) as live, until_gone(socket):
        sent = _Recently()
        for event in await _backfill(context, asked):
            if event.id not in sent:
                sent.add(event.id)
                await _send(socket, event)
        async for message in live:
            event = ReceivedEvent.model_validate_json(message.body)
            if event.id not in sent and is_asked_for(asked, event):
                sent.add(event.id)
                await _send(socket, event)


async def _backfill(context: ApiContext, asked: EventFilter) -> list[ReceivedEvent]:
    now = context.clock()
    since = max(asked.occurred.since or now, now - _BACKFILL)
    # What a clock that is ahead says has not occurred yet, and is not announced again.
    period = asked.occurred.model_copy(update={"since": since, "until": now + _CLOCKS_DIFFER})
    wanted = asked.model_copy(update={"occurred": period, "order": EventOrder.ASC})
    found: list[ReceivedEvent] = []
    while True:
        async with context.database.read() as connection:
            window = Window(_BACKFILL_PAGE, len(found))
            page = await read_events(connection, Scope(), wanted, window, now=now)
        found += page
        if len(page) < _BACKFILL_PAGE:
            return found


async def _send(socket: WebSocket, event: ReceivedEvent) -> None:
    await socket.send_text(f'{{"type":"event","event":{event.model_dump_json()}}}')


def _subprotocol(socket: WebSocket) -> str | None:
    offered: list[Any] = socket.scope.get("subprotocols", [])
    return "prefect" if "prefect" in offered else None


class _Recently:
    """The events that were sent last: a bounded memory against repetition."""

    def __init__(self) -> None:
        self._ids: OrderedDict[UUID, None] = OrderedDict()

    def __contains__(self, id: UUID) -> bool:
        return id in self._ids

    def add(self, id: UUID) -> None:
        """Remember an event, and forget the oldest one over the bound."""
        self._ids[id] = None
        if len(self._ids) > _REMEMBERED:
            self._ids.popitem(last=False)
