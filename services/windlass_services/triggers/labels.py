"""The values of the labels `for_each` of which a trigger has a bucket of its own."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

from pydantic_core import from_json, to_json

from windlass.schemas.events import RESOURCE_ID, RESOURCE_ROLE
from windlass.schemas.triggers.event import EventTrigger

_RELATED: Final = "related:"
_LONGEST: Final = 200
"""Characters of a value in a key: a row of an index holds 2,700 bytes."""


def key_of(trigger: EventTrigger, event: Mapping[str, Any]) -> str:
    """The values as text. A label that is not there is an empty value."""
    if not trigger.for_each:
        return "{}"
    values = {
        label: _short(_value(label, event["resource"], event["related"]))
        for label in sorted(trigger.for_each)
    }
    return to_json(values).decode()


def has_ids(trigger: EventTrigger) -> bool:
    """Whether a key tells the id of the resource."""
    return RESOURCE_ID in trigger.for_each


def labels_of(key: str) -> dict[str, str]:
    """The values that `key_of` wrote."""
    labels: dict[str, str] = from_json(key)
    return labels


def _value(label: str, resource: Mapping[str, str], related: Sequence[Mapping[str, str]]) -> str:
    if not label.startswith(_RELATED):
        return resource.get(label, "")
    role, _, name = label.removeprefix(_RELATED).partition(":")
    # Of the first one in that role.
    first = next((one for one in related if one.get(RESOURCE_ROLE) == role), None)
    return "" if first is None else first.get(name, "")


def _short(value: str) -> str:
    if len(value) <= _LONGEST:
        return value
    return f"{value[:_LONGEST]}... {sha256(value.encode()).hexdigest()}"
