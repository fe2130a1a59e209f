"""Which schedule of a deployment a redeployment means: by its slug, else by what it says.

One that is recognised keeps its id, its slug and whether it is active, unless told otherwise.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from windlass.schemas.base import JsonObject
from windlass.schemas.deployment_schedules import (
    DeploymentSchedule,
    DeploymentScheduleCreate,
    DeploymentScheduleUpdate,
)
from windlass.schemas.schedules import IntervalSchedule, Schedule, schedule_fingerprint

WantedSchedule = DeploymentScheduleCreate | DeploymentScheduleUpdate


@dataclass(frozen=True, slots=True)
class Recognised:
    """What is wanted, each with the schedule that it means (None: a new one), and the rest."""

    pairs: list[tuple[WantedSchedule, DeploymentSchedule | None]]
    unwanted: list[DeploymentSchedule]


def recognise(
    existing: Sequence[DeploymentSchedule], wanted: Sequence[WantedSchedule]
) -> Recognised:
    """Pair what is wanted with what exists: the surest signs first, each schedule once."""
    free = list(existing)
    found: dict[int, DeploymentSchedule] = {}
    for is_same in (_has_same_slug, _says_the_same, _says_the_same_but_for_the_anchor):
        for index, one in enumerate(wanted):
            if index not in found:
                _pair(found, index, free, is_same, one)
    pairs = [(one, found.get(index)) for index, one in enumerate(wanted)]
    return Recognised(pairs, free)


_IsSame = Callable[[DeploymentSchedule, WantedSchedule], bool]


def _pair(
    found: dict[int, DeploymentSchedule],
    index: int,
    free: list[DeploymentSchedule],
    is_same: _IsSame,
    wanted: WantedSchedule,
) -> None:
    candidate = next((schedule for schedule in free if is_same(schedule, wanted)), None)
    if candidate is not None:
        free.remove(candidate)
        found[index] = candidate


def _has_same_slug(existing: DeploymentSchedule, wanted: WantedSchedule) -> bool:
    return wanted.slug is not None and existing.slug == wanted.slug


def _says_the_same(existing: DeploymentSchedule, wanted: WantedSchedule) -> bool:
    return _may_be(existing, wanted) and _fingerprints(existing) == _fingerprints(wanted)


def _says_the_same_but_for_the_anchor(existing: DeploymentSchedule, wanted: WantedSchedule) -> bool:
    # An interval without an anchor is given one by whoever sends it: another at each deployment.
    return _may_be(existing, wanted) and _without_anchor(existing) == _without_anchor(wanted)


def _may_be(existing: DeploymentSchedule, wanted: WantedSchedule) -> bool:
    return wanted.schedule is not None and (wanted.slug is None or existing.slug is None)


def _fingerprints(schedule: DeploymentSchedule | WantedSchedule) -> str | None:
    return schedule.schedule and schedule_fingerprint(schedule.schedule, schedule.parameters)


def _without_anchor(
    schedule: DeploymentSchedule | WantedSchedule,
) -> tuple[JsonObject, JsonObject] | None:
    return schedule.schedule and (_definition(schedule.schedule), schedule.parameters)


def _definition(schedule: Schedule) -> JsonObject:
    anchored = isinstance(schedule, IntervalSchedule)
    return schedule.model_dump(mode="json", exclude={"anchor_date"} if anchored else None)
