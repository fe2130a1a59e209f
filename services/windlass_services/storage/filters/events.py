"""Which events a filter means."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from windlass.schemas.events import RESOURCE_ID, RESOURCE_ROLE, ResourceSpecification
from windlass.schemas.filters.events import (
    EventAnyResourceFilter,
    EventFilter,
    EventNameFilter,
    EventRelatedFilter,
)
from windlass_services.storage.filters.criteria import Clause
from windlass_services.storage.filters.text import on_text
from windlass_services.storage.tables import Json, TextArray, event

_LONGEST_LOOK_BACK: Final = timedelta(days=180)
_CLOCKS_DIFFER: Final = timedelta(days=1)
_EARLIEST: Final = datetime.min.replace(tzinfo=UTC) + _CLOCKS_DIFFER
_MANY_DAYS: Final = 400
_LONGEST_PATTERN: Final = 1_000
"""Characters that an index is asked for: SQLite reads patterns of 50,000 bytes."""


def where_events(asked: EventFilter, dialect: str, now: datetime) -> Clause:
    """The clause on `event`, for a connection of that dialect: lists in JSON open differently."""
    since = asked.occurred.since or now - _LONGEST_LOOK_BACK
    until = asked.occurred.until or now
    first_day = (max(since, _EARLIEST) - _CLOCKS_DIFFER).date()
    clauses = [
        event.c.occurred >= since,
        event.c.occurred <= until,
        # The partitions that can hold such events, and no other.
        event.c.day >= first_day,
        *_named(asked.event),
        *_id(asked, first_day, (now + _CLOCKS_DIFFER).date()),
    ]
    if asked.resource is not None:
        clauses.append(_is_resource(asked.resource, event.c.resource, event.c.resource_id))
    for related in asked.related_filters:
        clauses += [*_mentioned(related, dialect), _some_related(related, dialect)]
    for any_resource in asked.any_resource_filters:
        own = _is_resource(any_resource, event.c.resource, event.c.resource_id)
        item = _items(dialect)
        value: sa.ColumnElement[Any] = item.c.value
        other = _exists(item, _is_resource(any_resource, value, value[RESOURCE_ID].as_string()))
        clauses += [*_mentioned(any_resource, dialect), sa.or_(own, other)]
    if asked.text is not None:
        clauses.append(on_text(_text(), asked.text.query))
    return sa.and_(*clauses)


def _named(asked: EventNameFilter | None) -> list[Clause]:
    if asked is None:
        return []
    wanted: list[Clause] = []
    clauses: list[Clause] = []
    if asked.prefix:
        wanted += [_begins(event.c.event, text) for text in asked.prefix]
    if asked.name:
        wanted.append(event.c.event.in_(asked.name))
    if wanted:
        clauses.append(sa.or_(*wanted))
    for text in asked.exclude_prefix or ():
        clauses.append(~_begins(event.c.event, text))
    if asked.exclude_name:
        clauses.append(event.c.event.not_in(asked.exclude_name))
    return clauses


def _id(asked: EventFilter, first_day: date, last_day: date) -> list[Clause]:
    if not asked.id.id:
        return []
    clauses: list[Clause] = [event.c.id.in_(asked.id.id)]
    days = (last_day - first_day).days + 1
    if days <= _MANY_DAYS:
        # The day leads the key: an id is looked up once for each, instead of in all events.
        every_day = [first_day + timedelta(days=number) for number in range(days)]
        clauses.append(event.c.day.in_(every_day))
    return clauses


def _is_resource(
    asked: EventAnyResourceFilter,
    resource: sa.ColumnElement[Any],
    identity: sa.ColumnElement[Any],
) -> Clause:
    clauses: list[Clause] = [sa.true()]
    if asked.id:
        clauses.append(identity.in_(asked.id))
    if asked.id_prefix:
        prefixes = (_begins(identity, text) for text in asked.id_prefix)
        clauses.append(sa.or_(*prefixes))
    return sa.and_(*clauses, *_labelled(asked.labels, resource, identity))


def _mentioned(
    asked: EventAnyResourceFilter | EventRelatedFilter, dialect: str
) -> Iterator[Clause]:
    """What the rest of the clause says already, as PostgreSQL's index of all ids answers it."""
    ids = _exact_ids(asked)
    if ids and dialect == "postgresql":
        overlap = event.c.resource_ids.op("&&", is_comparison=True)
        yield overlap(sa.literal(ids, TextArray))


def _exact_ids(asked: EventAnyResourceFilter | EventRelatedFilter) -> list[str]:
    """The ids of which a resource must have one, where the filter says them in full."""
    if asked.id:
        return asked.id
    if isinstance(asked, EventRelatedFilter) and asked.resources_in_roles:
        return [id for id, _ in asked.resources_in_roles]
    labelled = (asked.labels or {}).get(RESOURCE_ID, [])
    ids = [labelled] if isinstance(labelled, str) else labelled
    return [] if any(id.startswith("!") or id.endswith("*") for id in ids) else ids


def _some_related(asked: EventRelatedFilter, dialect: str) -> Clause:
    item = _items(dialect)
    resource: sa.ColumnElement[Any] = item.c.value
    identity, role = resource[RESOURCE_ID].as_string(), resource[RESOURCE_ROLE].as_string()
    clauses: list[Clause] = _labelled(asked.labels, resource, identity)
    if asked.id:
        clauses.append(identity.in_(asked.id))
    if asked.role:
        clauses.append(role.in_(asked.role))
    if asked.resources_in_roles:
        pairs = (sa.and_(identity == id, role == name) for id, name in asked.resources_in_roles)
        clauses.append(sa.or_(*pairs))
    return _exists(item, sa.and_(sa.true(), *clauses))


def _labelled(
    labels: ResourceSpecification | None,
    resource: sa.ColumnElement[Any],
    identity: sa.ColumnElement[Any],
) -> list[Clause]:
    clauses: list[Clause] = []
    for label, values in (labels or {}).items():
        given = [values] if isinstance(values, str) else values
        actual = identity if label == RESOURCE_ID else resource[label].as_string()
        clauses.append(sa.or_(sa.false(), *(_has_value(actual, value) for value in given)))
    return clauses


def _has_value(actual: sa.ColumnElement[Any], value: str) -> Clause:
    if value.startswith("!"):
        return sa.and_(actual.is_not(None), ~_has_value(actual, value[1:]))
    if value.endswith("*"):
        return _begins(actual, value[:-1])
    return actual == value


def _begins(text: sa.ColumnElement[Any], prefix: str) -> Clause:
    # LIKE alone takes capitals for small letters on SQLite.
    is_begin = sa.func.substr(text, 1, len(prefix)) == prefix
    if len(prefix) > _LONGEST_PATTERN:
        return is_begin
    return sa.and_(text.startswith(prefix, autoescape=True), is_begin)


def _items(dialect: str) -> sa.TableValuedAlias:
    opened = sa.func.jsonb_array_elements if dialect == "postgresql" else sa.func.json_each
    return opened(event.c.related).table_valued(sa.column("value", Json))


def _exists(item: sa.TableValuedAlias, clause: Clause) -> Clause:
    return sa.exists(sa.select(sa.literal(1)).select_from(item).where(clause))


def _text() -> sa.ColumnElement[str]:
    parts = (event.c.resource, event.c.related, event.c.payload)
    joined: sa.ColumnElement[str] = event.c.event
    for part in parts:
        joined = joined + " " + sa.cast(part, sa.Text)
    return joined
