"""The action `pause-deployment`."""

from typing import Literal, Self
from uuid import UUID

from pydantic import model_validator

from windlass.schemas.actions.targets import Source, Target, check_target
from windlass.schemas.base import Shape


class PauseDeployment(Shape):
    """Pause the schedules of a deployment."""

    type: Literal["pause-deployment"] = "pause-deployment"
    source: Source = "selected"
    deployment_id: UUID | None = None

    @model_validator(mode="after")
    def _has_a_target(self) -> Self:
        check_target(self.source, Target.DEPLOYMENT, self.deployment_id)
        return self
