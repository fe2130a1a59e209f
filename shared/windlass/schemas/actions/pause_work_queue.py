"""The action `pause-work-queue`."""

from typing import Literal, Self
from uuid import UUID

from pydantic import model_validator

from windlass.schemas.actions.targets import Source, Target, check_target
from windlass.schemas.base import Shape


class PauseWorkQueue(Shape):
    """Pause a work queue."""

    type: Literal["pause-work-queue"] = "pause-work-queue"
    source: Source = "selected"
    work_queue_id: UUID | None = None

    @model_validator(mode="after")
    def _has_a_target(self) -> Self:
        check_target(self.source, Target.WORK_QUEUE, self.work_queue_id)
        return self
