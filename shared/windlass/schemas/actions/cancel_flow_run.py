"""The action `cancel-flow-run`."""

from typing import Literal

from windlass.schemas.base import Shape


class CancelFlowRun(Shape):
    """Cancel the flow run that the event is about."""

    type: Literal["cancel-flow-run"] = "cancel-flow-run"
