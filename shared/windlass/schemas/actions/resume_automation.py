"""The action `resume-automation`."""

from typing import Literal, Self
from uuid import UUID

from pydantic import model_validator

from windlass.schemas.actions.targets import Source, Target, check_target
from windlass.schemas.base import Shape


class ResumeAutomation(Shape):
    """Resume an automation."""

    type: Literal["resume-automation"] = "resume-automation"
    source: Source = "selected"
    automation_id: UUID | None = None

    @model_validator(mode="after")
    def _has_a_target(self) -> Self:
        check_target(self.source, Target.AUTOMATION, self.automation_id)
        return self
