"""Every type of action, and their union."""

from typing import Annotated, TypeAlias, cast

from pydantic import Discriminator, Tag

from windlass.schemas.actions.call_webhook import CallWebhook
from windlass.schemas.actions.cancel_flow_run import CancelFlowRun
from windlass.schemas.actions.change_flow_run_state import ChangeFlowRunState
from windlass.schemas.actions.do_nothing import DoNothing
from windlass.schemas.actions.pause_automation import PauseAutomation
from windlass.schemas.actions.pause_deployment import PauseDeployment
from windlass.schemas.actions.pause_work_pool import PauseWorkPool
from windlass.schemas.actions.pause_work_queue import PauseWorkQueue
from windlass.schemas.actions.resume_automation import ResumeAutomation
from windlass.schemas.actions.resume_deployment import ResumeDeployment
from windlass.schemas.actions.resume_flow_run import ResumeFlowRun
from windlass.schemas.actions.resume_work_pool import ResumeWorkPool
from windlass.schemas.actions.resume_work_queue import ResumeWorkQueue
from windlass.schemas.actions.run_deployment import RunDeployment
from windlass.schemas.actions.send_notification import SendNotification
from windlass.schemas.actions.suspend_flow_run import SuspendFlowRun
from windlass.schemas.base import JsonObject, JsonValue

__all__ = [
    "ActionTypes",
    "CallWebhook",
    "CancelFlowRun",
    "ChangeFlowRunState",
    "DoNothing",
    "PauseAutomation",
    "PauseDeployment",
    "PauseWorkPool",
    "PauseWorkQueue",
    "ResumeAutomation",
    "ResumeDeployment",
    "ResumeFlowRun",
    "ResumeWorkPool",
    "ResumeWorkQueue",
    "RunDeployment",
    "SendNotification",
    "SuspendFlowRun",
]


def _type_of(said: JsonValue) -> str | None:
    if isinstance(said, dict):
        return cast(JsonObject, said).get("type", "do-nothing")
    return getattr(said, "type", None)


ActionTypes: TypeAlias = Annotated[
    Annotated[DoNothing, Tag("do-nothing")]
    | Annotated[RunDeployment, Tag("run-deployment")]
    | Annotated[PauseDeployment, Tag("pause-deployment")]
    | Annotated[ResumeDeployment, Tag("resume-deployment")]
    | Annotated[CancelFlowRun, Tag("cancel-flow-run")]
    | Annotated[ChangeFlowRunState, Tag("change-flow-run-state")]
    | Annotated[PauseWorkQueue, Tag("pause-work-queue")]
    | Annotated[ResumeWorkQueue, Tag("resume-work-queue")]
    | Annotated[SendNotification, Tag("send-notification")]
    | Annotated[CallWebhook, Tag("call-webhook")]
    | Annotated[PauseAutomation, Tag("pause-automation")]
    | Annotated[ResumeAutomation, Tag("resume-automation")]
    | Annotated[SuspendFlowRun, Tag("suspend-flow-run")]
    | Annotated[ResumeFlowRun, Tag("resume-flow-run")]
    | Annotated[PauseWorkPool, Tag("pause-work-pool")]
    | Annotated[ResumeWorkPool, Tag("resume-work-pool")],
    Discriminator(_type_of),
]
"""What an automation does. An action that says no type does nothing."""
