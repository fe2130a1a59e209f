"""Whether an event is one that a subscriber asked for: the filter, without SQL."""

from collections.abc import Mapping

from pydantic_core import to_json

from windlass.schemas.events import ReceivedEvent, Resource, ResourceSpecification
from windlass.schemas.filters.events import (
    EventAnyResourceFilter,
    EventFilter,
    EventNameFilter,
    EventRelatedFilter,
)
from windlass.schemas.filters.text_search import parse_search


def is_asked_for(asked: EventFilter, event: ReceivedEvent) -> bool:
    """Whether all criteria hold; the period is not looked at from its end, which is now."""
    since, ids = asked.occurred.since, asked.id.id
    return (
        (since is None or event.occurred >= since)
        and (not ids or event.id in ids)
        and _is_named(asked.event, event.event)
        and (asked.resource is None or _is(asked.resource, event.resource))
        and all(_has_related(one, event) for one in asked.related_filters)
        and all(
            any(_is(one, resource) for resource in event.involved_resources)
            for one in asked.any_resource_filters
        )
        and (asked.text is None or parse_search(asked.text.query).match(_text(event)))
    )


def _is_named(asked: EventNameFilter | None, name: str) -> bool:
    if asked is None:
        return True
    if name in (asked.exclude_name or ()) or name.startswith(tuple(asked.exclude_prefix or ())):
        return False
    if not asked.prefix and not asked.name:
        return True
    return name in (asked.name or ()) or name.startswith(tuple(asked.prefix or ()))


def _is(asked: EventAnyResourceFilter, resource: Resource) -> bool:
    return (
        (not asked.id or resource.id in asked.id)
        and (not asked.id_prefix or resource.id.startswith(tuple(asked.id_prefix)))
        and has_labels(asked.labels, resource.root)
    )


def _has_related(asked: EventRelatedFilter, event: ReceivedEvent) -> bool:
    pairs = asked.resources_in_roles
    return any(
        (not asked.id or related.id in asked.id)
        and (not asked.role or related.role in asked.role)
        and (not pairs or (related.id, related.role) in pairs)
        and has_labels(asked.labels, related.root)
        for related in event.related
    )


def has_labels(wanted: ResourceSpecification | None, labels: Mapping[str, str]) -> bool:
    """Whether each wanted label has one of its values: `!x` is any but x, `x*` begins with x."""
    for label, values in (wanted or {}).items():
        actual = labels.get(label)
        given = [values] if isinstance(values, str) else values
        if actual is None or not any(_is_value(value, actual) for value in given):
            return False
    return True


def _is_value(value: str, actual: str) -> bool:
    if value.startswith("!"):
        return not _is_value(value[1:], actual)
    if value.endswith("*"):
        return actual.startswith(value[:-1])
    return actual == value


def _text(event: ReceivedEvent) -> str:
    resources = [resource.root for resource in event.involved_resources]
    return f"{event.event} {to_json([resources, event.payload]).decode()}"
