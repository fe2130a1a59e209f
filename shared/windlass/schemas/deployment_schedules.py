"""The schedules of a deployment."""

from typing import TypeAlias
from uuid import UUID

from pydantic import Field

from windlass.schemas.base import JsonObject, Shape, Stored
from windlass.schemas.fields import Positive
from windlass.schemas.schedules import Schedule

RunsAhead: TypeAlias = Positive
"""How many runs of one schedule are created ahead of their time."""


class DeploymentScheduleCreate(Shape):
    """A schedule to add to a deployment. `parameters` override the deployment's."""

    active: bool = True
    schedule: Schedule
    max_scheduled_runs: RunsAhead | None = None
    parameters: JsonObject = Field(default_factory=dict)
    slug: str | None = None


class DeploymentScheduleUpdate(Shape):
    """What to change of a schedule: only the fields that are set (`model_fields_set`)."""

    active: bool | None = None
    schedule: Schedule | None = None
    max_scheduled_runs: RunsAhead | None = None
    parameters: JsonObject = Field(default_factory=dict)
    slug: str | None = None


class DeploymentSchedule(Stored):
    """A schedule of a deployment. `slug` names it among the schedules of its deployment."""

    deployment_id: UUID | None = None
    schedule: Schedule
    active: bool = True
    max_scheduled_runs: RunsAhead | None = None
    parameters: JsonObject = Field(default_factory=dict)
    slug: str | None = None
