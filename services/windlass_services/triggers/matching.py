"""Which triggers an event is for: by its name and the ids in it, then by labels."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeAlias
from uuid import UUID

from windlass.schemas.automations import Automation
from windlass.schemas.events import RESOURCE_ID
from windlass.schemas.triggers.event import EventTrigger, Posture
from windlass_services.events.rows import involved
from windlass_services.storage.trigger_buckets import BucketKey
from windlass_services.triggers.buckets import Seen
from windlass_services.triggers.labels import key_of
from windlass_services.triggers.names import covers, is_among, values_of

Event: TypeAlias = Mapping[str, Any]
"""An event as it is sent: JSON."""

_OF_AUTOMATIONS: Final = "prefect.automation."
_LONGEST_CHAIN: Final = 5
"""Automations that one event may set off, each by the firing of the one before."""


@dataclass(frozen=True, slots=True)
class Watch:
    """A trigger that is looked after, and its automation."""

    automation: Automation
    trigger: EventTrigger
    since: datetime
    """What was received before does not count: the automation was not there, or another one."""

    @property
    def is_proactive(self) -> bool:
        return self.trigger.posture is Posture.Proactive


@dataclass(frozen=True, slots=True)
class Match:
    """An event in the bucket of a trigger."""

    watch: Watch
    key: BucketKey
    seen: Seen
    event: Event


def watches_of(automations: Sequence[Automation]) -> list[Watch]:
    """What is to be looked after. Compound and sequence triggers are not, in this version."""
    return [
        Watch(one, one.trigger, one.updated)
        for one in automations
        if isinstance(one.trigger, EventTrigger) and one.updated is not None
    ]


@dataclass(slots=True)
class Matcher:
    """Finds the triggers of an event at a cost that follows those found, not those there are."""

    watches: Sequence[Watch]
    _by_name: "dict[str, _Shelf]" = field(init=False, default_factory=dict[str, "_Shelf"])
    _by_beginning: "dict[str, _Shelf]" = field(init=False, default_factory=dict[str, "_Shelf"])
    _lengths: list[int] = field(init=False, default_factory=list[int])

    def __post_init__(self) -> None:
        for watch in self.watches:
            for name in names_of(watch.trigger):
                shelves = self._by_beginning if name.endswith("*") else self._by_name
                shelves.setdefault(name.removesuffix("*"), _Shelf()).put(watch)
        self._lengths = sorted({len(beginning) for beginning in self._by_beginning})

    def matches(self, event: Event) -> Iterator[Match]:
        """What the event counts for."""
        candidates = self._candidates(event)
        if candidates:
            passed = _passed_through(event)
            for watch in candidates:
                match = match_of(watch, event)
                if match is not None and not _is_circular(watch, passed):
                    yield match

    def _candidates(self, event: Event) -> list[Watch]:
        name = event["event"]
        shelves = [self._by_name.get(name)]
        shelves += [self._by_beginning.get(name[:length]) for length in self._lengths]
        filled = [shelf for shelf in shelves if shelf is not None]
        if not filled:
            return []
        ids = involved(event["resource"][RESOURCE_ID], event["related"])
        found = {watch.automation.id: watch for shelf in filled for watch in shelf.candidates(ids)}
        return list(found.values())


def match_of(watch: Watch, event: Event) -> Match | None:
    """The event in the bucket that it is for, if it is for this trigger."""
    trigger, name = watch.trigger, event["event"]
    counts = is_among(name, trigger.expect)
    opens = is_among(name, trigger.after) if trigger.after else counts
    if not (counts or opens) or not covers(trigger, event["resource"], event["related"]):
        return None
    received = datetime.fromisoformat(event["received"])
    if received < watch.since:
        return None
    at = min(datetime.fromisoformat(event["occurred"]), received)
    key = BucketKey(watch.automation.id, trigger.id, key_of(trigger, event))
    return Match(watch, key, Seen(at, UUID(event["id"]), received, opens, counts), event)


def names_of(trigger: EventTrigger) -> list[str]:
    """What the names of its events are, or begin with; `*` alone is every name."""
    asked = [trigger.expect, *([trigger.after] if trigger.after else [])]
    if any(all(name.startswith("!") for name in names) for names in asked):
        return ["*"]  # whatever is not an exception
    return [name for names in asked for name in names if not name.startswith("!")]


@dataclass(slots=True)
class _Shelf:
    """Triggers on one name, by an id that the event must have in it, where they say one."""

    by_id: dict[str, list[Watch]] = field(default_factory=dict[str, list[Watch]])
    others: list[Watch] = field(default_factory=list[Watch])

    def put(self, watch: Watch) -> None:
        ids = _ids_of(watch.trigger)
        if ids is None:
            self.others.append(watch)
        for id in ids or ():
            self.by_id.setdefault(id, []).append(watch)

    def candidates(self, ids: Sequence[str]) -> Iterator[Watch]:
        yield from self.others
        if self.by_id:
            for id in ids:
                yield from self.by_id.get(id, ())


def _ids_of(trigger: EventTrigger) -> list[str] | None:
    """Ids of which the event must have one; None if it may have any."""
    for asked in (trigger.match, *trigger.related_specifications):
        ids = values_of(asked.get(RESOURCE_ID, "*"))
        if not any(one.startswith("!") or one.endswith("*") for one in ids):
            return ids
    return None


def _passed_through(event: Event) -> list[str]:
    """The automations that led to the event, each by its firing, the last one first."""
    passed: list[str] = []
    one: Event = event
    while one and str(one["event"]).startswith(_OF_AUTOMATIONS):
        passed.append(one["resource"][RESOURCE_ID])
        payload: Event = one.get("payload") or {}
        one = payload.get("triggering_event") or {}
    return passed


def _is_circular(watch: Watch, passed: Sequence[str]) -> bool:
    id = f"{_OF_AUTOMATIONS}{watch.automation.id}"
    return id in passed or len(passed) >= _LONGEST_CHAIN
