"""Public: emitting an event, from anywhere."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from windlass.clock import utc_now
from windlass.context import RunScope, current_scope
from windlass.engine.process import current_session
from windlass.engine.session import Session
from windlass.events.related import related_to
from windlass.events.schemas.events import Event
from windlass.exceptions import SettingInvalid
from windlass.ids import uuid7
from windlass.schemas.base import JsonObject
from windlass.schemas.events import RESOURCE_ID, RelatedResource, Resource

_CLOSE: Final = timedelta(minutes=5)
"""How far apart two events may be for one to wait for the other."""


def emit_event(
    event: str,
    resource: Resource | dict[str, str],
    occurred: datetime | None = None,
    related: Sequence[RelatedResource | dict[str, str]] | None = None,
    payload: JsonObject | None = None,
    id: UUID | None = None,
    follows: Event | None = None,
) -> Event | None:
    """Say that something happened to a resource: now, unless `occurred` says when.

    It is sent in the background, and acknowledged before this process, or the flow run that it is
    emitted from, ends. What is emitted in a run is related to the run and to all around it. The
    event `follows` another one only if that was at most five minutes earlier. None where there is
    no API. Raises ValueError for a resource without an id, and for a payload that is no
    JSON.
    """
    try:
        session = current_session()
    except SettingInvalid:
        return None
    made = Event.model_validate(
        {
            "id": id or uuid7(),
            "event": event,
            "resource": resource,
            "occurred": occurred or utc_now(),
            "related": list(related or ()),
            "payload": payload or {},
        }
    )
    if follows is not None and timedelta(0) <= made.occurred - follows.occurred < _CLOSE:
        made.follows = follows.id
    # Here and not later, so that the caller hears of a payload that JSON cannot say.
    line = made.model_dump(mode="json")
    session.outbox.event(partial(_with_all_around, line, current_scope(), session))
    return made


def _with_all_around(line: JsonObject, scope: RunScope, session: Session) -> JsonObject:
    """The event with all that it is related to; made where it may wait for the API."""
    known = {resource[RESOURCE_ID] for resource in (line["resource"], *line["related"])}
    around = related_to(scope, session.orchestration, exclude=known)
    return {**line, "related": [*line["related"], *(each.root for each in around)]}
