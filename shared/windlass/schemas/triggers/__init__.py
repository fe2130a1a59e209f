"""Every type of trigger that the server evaluates, and their union."""

from collections.abc import Iterator
from typing import Annotated, TypeAlias, cast

from pydantic import Discriminator, Tag

from windlass.schemas.base import JsonObject, JsonValue
from windlass.schemas.triggers.compound import CompoundTrigger
from windlass.schemas.triggers.event import EventTrigger
from windlass.schemas.triggers.sequence import SequenceTrigger

__all__ = [
    "CompoundTrigger",
    "EventTrigger",
    "SequenceTrigger",
    "TriggerTypes",
    "all_triggers",
    "event_triggers",
    "type_of_trigger",
]


def type_of_trigger(said: JsonValue) -> str | None:
    """The type that is said; without one, that of which the fields are."""
    if not isinstance(said, dict):
        return getattr(said, "type", None)
    fields = cast(JsonObject, said)
    if "type" in fields:
        return fields["type"]
    if "triggers" not in fields:
        return "event"
    return "compound" if "require" in fields else "sequence"


TriggerTypes: TypeAlias = Annotated[
    Annotated[EventTrigger, Tag("event")]
    | Annotated[CompoundTrigger, Tag("compound")]
    | Annotated[SequenceTrigger, Tag("sequence")],
    Discriminator(type_of_trigger),
]
"""When an automation acts. A trigger that says no type is an event trigger."""

CompoundTrigger.model_rebuild(_types_namespace={"TriggerTypes": TriggerTypes})
SequenceTrigger.model_rebuild(_types_namespace={"TriggerTypes": TriggerTypes})


def all_triggers(trigger: TriggerTypes) -> Iterator[TriggerTypes]:
    """The trigger and all that it is composed of, outside first."""
    yield trigger
    if not isinstance(trigger, EventTrigger):
        for child in trigger.triggers:
            yield from all_triggers(child)


def event_triggers(trigger: TriggerTypes) -> Iterator[EventTrigger]:
    """The triggers on events in it."""
    return (each for each in all_triggers(trigger) if isinstance(each, EventTrigger))
