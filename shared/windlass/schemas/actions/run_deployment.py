"""The action `run-deployment`."""

from datetime import timedelta
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, model_validator

from windlass.schemas.actions.targets import Source, Target, check_target
from windlass.schemas.base import JsonObject, Shape
from windlass.schemas.fields import Duration


def _not_past(value: timedelta) -> timedelta:
    if value < timedelta(0):
        raise ValueError("`schedule_after` must not be negative")
    return value


class RunDeployment(Shape):
    """Make a run of a deployment, `schedule_after` so long.

    Parameters and job variables may be templates: ``{"__prefect_kind": "jinja", "template": ...}``.
    """

    type: Literal["run-deployment"] = "run-deployment"
    source: Source = "selected"
    deployment_id: UUID | None = None
    parameters: JsonObject | None = None
    job_variables: JsonObject | None = None
    schedule_after: Annotated[Duration, AfterValidator(_not_past)] = timedelta(0)

    @model_validator(mode="after")
    def _has_a_target(self) -> Self:
        check_target(self.source, Target.DEPLOYMENT, self.deployment_id)
        return self
