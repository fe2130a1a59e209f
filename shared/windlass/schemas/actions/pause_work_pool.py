"""The action `pause-work-pool`."""

from typing import Literal, Self
from uuid import UUID

from pydantic import model_validator

from windlass.schemas.actions.targets import Source, Target, check_target
from windlass.schemas.base import Shape


class PauseWorkPool(Shape):
    """Pause a work pool."""

    type: Literal["pause-work-pool"] = "pause-work-pool"
    source: Source = "selected"
    work_pool_id: UUID | None = None

    @model_validator(mode="after")
    def _has_a_target(self) -> Self:
        check_target(self.source, Target.WORK_POOL, self.work_pool_id)
        return self
