"""The trigger that waits for some of several others, in any order."""

from typing import TYPE_CHECKING, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from windlass.ids import uuid7
from windlass.schemas.base import Shape
from windlass.schemas.fields import Duration

if TYPE_CHECKING:
    from windlass.schemas.triggers import TriggerTypes


class CompoundTrigger(Shape):
    """Fires when `require` of its triggers fired `within` a time; None is any time.

    `require` is ``any``, ``all``, or how many: from 1 to as many as there are.
    """

    type: Literal["compound"] = "compound"
    id: UUID = Field(default_factory=uuid7)
    triggers: list["TriggerTypes"]
    within: Duration | None = None
    require: int | Literal["any", "all"]

    @model_validator(mode="after")
    def _requires_what_can_be(self) -> Self:
        if isinstance(self.require, int):
            if self.require < 1:
                raise ValueError("`require` must be at least 1")
            if self.require > len(self.triggers):
                raise ValueError("`require` must not be more than there are triggers")
        return self
