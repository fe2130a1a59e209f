"""The action `resume-flow-run`."""

from typing import Literal

from windlass.schemas.base import Shape


class ResumeFlowRun(Shape):
    """Resume the flow run that the event is about."""

    type: Literal["resume-flow-run"] = "resume-flow-run"
