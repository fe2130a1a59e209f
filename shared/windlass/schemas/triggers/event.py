"""The trigger that waits for events, or for their absence."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Final, Literal, Self, TypeAlias
from uuid import UUID

from pydantic import Field, PlainSerializer, model_validator

from windlass.ids import uuid7
from windlass.schemas.base import Shape
from windlass.schemas.events import ResourceSpecification
from windlass.schemas.fields import Duration

Names: TypeAlias = Annotated[
    set[str], PlainSerializer(sorted, return_type=list[str], when_used="json")
]
"""Different texts; in JSON a list, in order of the alphabet."""

_SHORTEST_PROACTIVE: Final = timedelta(seconds=10)


class Posture(StrEnum):
    """What a trigger waits for."""

    Reactive = "Reactive"
    """That events happen."""
    Proactive = "Proactive"
    """That events stay away."""
    Metric = "Metric"
    """That a number leaves its bounds: Prefect Cloud alone computes such numbers."""


class EventTrigger(Shape):
    """Fires when enough events happened within a time, or (proactive) when they did not.

    `match` and `match_related` say of which resources; several of `match_related` must each be
    found. After one of `after`, if there are any, `threshold` events of `expect` (any event if
    empty; ``x*`` begins with x) count `within` that time, for each set of values of the labels
    `for_each`. Without a posture it is reactive. A proactive trigger waits 10 seconds or more:
    ValueError for less, and 10 seconds for nothing said.
    """

    type: Literal["event"] = "event"
    id: UUID = Field(default_factory=uuid7)
    match: ResourceSpecification = Field(default_factory=ResourceSpecification)
    match_related: ResourceSpecification | list[ResourceSpecification] = Field(
        default_factory=ResourceSpecification
    )
    after: Names = Field(default_factory=set[str])
    expect: Names = Field(default_factory=set[str])
    for_each: Names = Field(default_factory=set[str])
    posture: Literal[Posture.Reactive, Posture.Proactive] = Posture.Reactive
    threshold: int = 1
    within: Annotated[Duration, Field(ge=timedelta(0))] = timedelta(0)

    @model_validator(mode="after")
    def _waits_long_enough(self) -> Self:
        if self.posture is Posture.Proactive and self.within < _SHORTEST_PROACTIVE:
            if self.within:
                message = "`within` of a proactive trigger must be at least 10 seconds"
                raise ValueError(message)
            self.within = _SHORTEST_PROACTIVE
        return self

    @property
    def related_specifications(self) -> list[ResourceSpecification]:
        """What related resources must be there; each is one of its own."""
        related = self.match_related
        if isinstance(related, list):
            return related
        return [related] if related else []
