"""Which events a filter means: by SQL, on each dialect, and without."""

from datetime import timedelta
from itertools import count
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conformance.storage.world import NOON, SCOPE
from windlass.ids import uuid7
from windlass.schemas.events import ReceivedEvent
from windlass.schemas.filters.events import EventFilter
from windlass_services.events.matching import is_asked_for
from windlass_services.events.rows import row_of_event
from windlass_services.storage.database import Database
from windlass_services.storage.events import count_events, read_events
from windlass_services.storage.paging import Window

NOW: Final = NOON + timedelta(hours=1)
_NAMES: Final = ("a", "A", "a.b", "a.B", "ab", "b_c", "bxc", "b%")
_seconds = count()


def event(**known: Any) -> ReceivedEvent:
    """An event a second after the one before."""
    usual: dict[str, Any] = {
        "id": uuid7(),
        "occurred": NOON + timedelta(milliseconds=next(_seconds)),
        "received": NOON,
        "event": "a.b",
        "resource": resource("r"),
    }
    return ReceivedEvent.model_validate(usual | known)


def resource(id: str, **labels: str) -> dict[str, str]:
    return {"prefect.resource.id": id, **labels}


def related(id: str, role: str, **labels: str) -> dict[str, str]:
    return resource(id, **{"prefect.resource.role": role}, **labels)


async def store(database: Database, *events: ReceivedEvent) -> None:
    await database.hot.insert_events(SCOPE, [row_of_event(one, NOON) for one in events])


async def found(database: Database, asked: EventFilter, limit: int = 200) -> list[UUID]:
    async with database.read() as connection:
        page = await read_events(connection, SCOPE, asked, Window(limit, 0), now=NOW)
        total = await count_events(connection, SCOPE, asked, now=NOW)
    assert total == len(page)
    return [one.id for one in page]


STORED: Final = (
    event(event="flow.Done", resource=resource("flow.1", team="red"), payload={"word": "needle"}),
    event(event="flow.done", resource=resource("flow.2", team="blue")),
    event(
        event="task.done",
        resource=resource("task.1"),
        related=[related("flow.1", "flow", team="red"), related("pool.1", "pool")],
    ),
)


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({}, [0, 1, 2]),
        ({"event": {"name": ["flow.done"]}}, [1]),
        ({"event": {"prefix": ["flow.d"]}}, [1]),
        ({"event": {"prefix": ["flow."], "exclude_name": ["flow.done"]}}, [0]),
        ({"event": {"exclude_prefix": ["flow."]}}, [2]),
        ({"resource": {"id": ["flow.1"]}}, [0]),
        ({"resource": {"id_prefix": ["flow."]}}, [0, 1]),
        ({"resource": {"labels": {"team": "red"}}}, [0]),
        ({"resource": {"labels": {"team": "!red"}}}, [1]),
        ({"resource": {"labels": {"team": "b*"}}}, [1]),
        ({"resource": {"labels": {"team": ["red", "blue"]}}}, [0, 1]),
        ({"resource": {"labels": {"team": "!b*"}}}, [0]),
        ({"related": {"role": ["pool"]}}, [2]),
        ({"related": {"resources_in_roles": [["flow.1", "pool"]]}}, []),
        ({"related": [{"role": ["pool"]}, {"id": ["flow.1"]}]}, [2]),
        ({"any_resource": {"id": ["flow.1"]}}, [0, 2]),
        ({"any_resource": {"labels": {"team": "red"}}}, [0, 2]),
        ({"text": {"query": "NEEDLE"}}, [0]),
        ({"text": {"query": "done -needle"}}, [1, 2]),
        ({"id": {"id": [str(STORED[1].id)]}}, [1]),
        ({"occurred": {"since": STORED[1].occurred, "until": STORED[1].occurred}}, [1]),
        ({"occurred": {"until": NOON - timedelta(days=1)}}, []),
    ],
)
async def test_a_filter_finds(database: Database, asked: dict[str, Any], wanted: list[int]) -> None:
    await store(database, *STORED)
    read = EventFilter.model_validate({"order": "ASC", **asked})
    assert await found(database, read) == [STORED[number].id for number in wanted]


async def test_the_latest_event_comes_first_unless_asked_otherwise(database: Database) -> None:
    await store(database, *STORED)
    assert await found(database, EventFilter()) == [one.id for one in reversed(STORED)]


_words = st.sampled_from(_NAMES)
_some = st.none() | st.lists(_words, max_size=2)
_values = st.builds("{}{}{}".format, st.sampled_from(["", "!"]), _words, st.sampled_from(["", "*"]))
_wanted_labels = st.none() | st.dictionaries(
    st.sampled_from(["x", "y.z"]), _values | st.lists(_values, max_size=2), max_size=2
)
_labels = st.dictionaries(st.sampled_from(["x", "y.z"]), _words, max_size=2)


def _resource(id: str, more: dict[str, str]) -> dict[str, str]:
    return resource(id, **more)


def _related_one(id: str, role: str, more: dict[str, str]) -> dict[str, str]:
    return related(id, role, **more)


def _text_query(word: str) -> dict[str, str]:
    return {"query": word}


def _made(name: str, own: dict[str, str], others: list[dict[str, str]]) -> ReceivedEvent:
    return event(event=name, resource=own, related=others)


_resources = st.builds(_resource, _words, _labels)
_related = st.builds(_related_one, _words, _words, _labels)
_any = st.fixed_dictionaries(
    {}, optional={"id": _some, "id_prefix": _some, "labels": _wanted_labels}
)
_others = st.fixed_dictionaries(
    {},
    optional={
        "id": _some,
        "role": _some,
        "resources_in_roles": st.none() | st.lists(st.tuples(_words, _words), max_size=2),
        "labels": _wanted_labels,
    },
)
_named = st.fixed_dictionaries(
    {}, optional={name: _some for name in ("name", "prefix", "exclude_name", "exclude_prefix")}
)
_criteria: dict[str, st.SearchStrategy[Any]] = {
    "event": _named,
    "resource": _any,
    "related": _others | st.lists(_others, max_size=2),
    "any_resource": _any | st.lists(_any, max_size=2),
    "text": st.builds(_text_query, st.sampled_from(["ab", "-ab", "AB bxc"])),
}
# One or two at a time: few events would pass them all.
_filters = st.one_of(
    *(st.fixed_dictionaries({name: values}) for name, values in _criteria.items()),
    st.fixed_dictionaries({name: _criteria[name] for name in ("event", "resource")}),
)
_events = st.builds(
    _made,
    _words,
    _resources,
    st.lists(_related, max_size=2),
)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    asked=st.lists(_filters, min_size=1, max_size=12),
    events=st.lists(_events, min_size=4, max_size=12),
)
async def test_a_live_subscriber_is_sent_what_a_reader_finds(
    database: Database, asked: list[dict[str, Any]], events: list[ReceivedEvent]
) -> None:
    await store(database, *events)
    those = [one.id for one in events]
    for one in asked:
        # An empty list of ids asks for nothing, so the events of other examples are shut out here.
        read = EventFilter.model_validate(one | {"id": {"id": those or [uuid7()]}})
        matching = {one.id for one in events if is_asked_for(read, one)}
        assert set(await found(database, read)) == matching
