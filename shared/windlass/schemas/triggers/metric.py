"""The trigger that watches a number: a shape that Prefect Cloud knows, and no server of its own."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field

from windlass.ids import uuid7
from windlass.schemas.base import Shape
from windlass.schemas.events import ResourceSpecification
from windlass.schemas.fields import Duration
from windlass.schemas.triggers.event import Posture

_SHORTEST_RANGE: Final = timedelta(minutes=5)


class MetricTriggerOperator(StrEnum):
    """How a number is compared with the threshold."""

    LT = "<"
    LTE = "<="
    GT = ">"
    GTE = ">="


class PrefectMetric(StrEnum):
    """The numbers that there are."""

    lateness = "lateness"
    duration = "duration"
    successes = "successes"


class MetricTriggerQuery(Shape):
    """Which number, over which `range`, compared how, and for how long it must hold."""

    name: PrefectMetric
    threshold: float
    operator: MetricTriggerOperator
    range: Annotated[Duration, Field(ge=_SHORTEST_RANGE)] = _SHORTEST_RANGE
    firing_for: Annotated[Duration, Field(ge=_SHORTEST_RANGE)] = _SHORTEST_RANGE


class MetricTrigger(Shape):
    """Fires when a number leaves its bounds. A server without such numbers refuses it: 422."""

    type: Literal["metric"] = "metric"
    id: UUID = Field(default_factory=uuid7)
    match: ResourceSpecification = Field(default_factory=ResourceSpecification)
    match_related: ResourceSpecification | list[ResourceSpecification] = Field(
        default_factory=ResourceSpecification
    )
    posture: Literal[Posture.Metric] = Posture.Metric
    metric: MetricTriggerQuery
