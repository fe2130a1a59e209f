"""The action `change-flow-run-state`."""

from typing import Literal

from windlass.schemas.base import Shape
from windlass.schemas.states import StateType


class ChangeFlowRunState(Shape):
    """Put the flow run that the event is about into a state. The name is by default the type's."""

    type: Literal["change-flow-run-state"] = "change-flow-run-state"
    name: str | None = None
    state: StateType
    message: str | None = None
