"""The action `suspend-flow-run`."""

from typing import Literal

from windlass.schemas.base import Shape


class SuspendFlowRun(Shape):
    """Suspend the flow run that the event is about."""

    type: Literal["suspend-flow-run"] = "suspend-flow-run"
