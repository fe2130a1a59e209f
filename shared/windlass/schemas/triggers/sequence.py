"""The trigger that waits for several others, one after the other."""

from typing import TYPE_CHECKING, Literal
from uuid import UUID

from pydantic import Field

from windlass.ids import uuid7
from windlass.schemas.base import Shape
from windlass.schemas.fields import Duration

if TYPE_CHECKING:
    from windlass.schemas.triggers import TriggerTypes


class SequenceTrigger(Shape):
    """Fires when its triggers fired in this order `within` a time; None is any time."""

    type: Literal["sequence"] = "sequence"
    id: UUID = Field(default_factory=uuid7)
    triggers: list["TriggerTypes"]
    within: Duration | None = None
