"""Public: events and what makes them, and the triggers that wait for them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from windlass.events.actions import (
        CallWebhook,
        CancelFlowRun,
        ChangeFlowRunState,
        DoNothing,
        PauseAutomation,
        PauseDeployment,
        PauseWorkPool,
        PauseWorkQueue,
        ResumeAutomation,
        ResumeDeployment,
        ResumeFlowRun,
        ResumeWorkPool,
        ResumeWorkQueue,
        RunDeployment,
        SendNotification,
        SuspendFlowRun,
    )
    from windlass.events.clients import (
        get_events_client,
        get_events_subscriber,
    )
    from windlass.events.schemas.automations import (
        Automation,
        AutomationCore,
        CompoundTrigger,
        EventTrigger,
        MetricTrigger,
        Posture,
        SequenceTrigger,
        TriggerTypes,
    )
    from windlass.events.schemas.deployment_triggers import (
        DeploymentCompoundTrigger,
        DeploymentEventTrigger,
        DeploymentMetricTrigger,
        DeploymentSequenceTrigger,
        DeploymentTriggerTypes,
    )
    from windlass.events.schemas.events import (
        Event,
        ReceivedEvent,
        RelatedResource,
        Resource,
        ResourceSpecification,
    )
    from windlass.events.utilities import (
        emit_event,
    )

__all__ = [
    "Automation",
    "AutomationCore",
    "CallWebhook",
    "CancelFlowRun",
    "ChangeFlowRunState",
    "CompoundTrigger",
    "DeploymentCompoundTrigger",
    "DeploymentEventTrigger",
    "DeploymentMetricTrigger",
    "DeploymentSequenceTrigger",
    "DeploymentTriggerTypes",
    "DoNothing",
    "Event",
    "EventTrigger",
    "MetricTrigger",
    "PauseAutomation",
    "PauseDeployment",
    "PauseWorkPool",
    "PauseWorkQueue",
    "Posture",
    "ReceivedEvent",
    "RelatedResource",
    "Resource",
    "ResourceSpecification",
    "ResumeAutomation",
    "ResumeDeployment",
    "ResumeFlowRun",
    "ResumeWorkPool",
    "ResumeWorkQueue",
    "RunDeployment",
    "SendNotification",
    "SequenceTrigger",
    "SuspendFlowRun",
    "TriggerTypes",
    "emit_event",
    "get_events_client",
    "get_events_subscriber",
]

_PLACES: Final = {
    "Automation": "windlass.events.schemas.automations",
    "AutomationCore": "windlass.events.schemas.automations",
    "CallWebhook": "windlass.events.actions",
    "CancelFlowRun": "windlass.events.actions",
    "ChangeFlowRunState": "windlass.events.actions",
    "CompoundTrigger": "windlass.events.schemas.automations",
    "DeploymentCompoundTrigger": "windlass.events.schemas.deployment_triggers",
    "DeploymentEventTrigger": "windlass.events.schemas.deployment_triggers",
    "DeploymentMetricTrigger": "windlass.events.schemas.deployment_triggers",
    "DeploymentSequenceTrigger": "windlass.events.schemas.deployment_triggers",
    "DeploymentTriggerTypes": "windlass.events.schemas.deployment_triggers",
    "DoNothing": "windlass.events.actions",
    "Event": "windlass.events.schemas.events",
    "EventTrigger": "windlass.events.schemas.automations",
    "MetricTrigger": "windlass.events.schemas.automations",
    "PauseAutomation": "windlass.events.actions",
    "PauseDeployment": "windlass.events.actions",
    "PauseWorkPool": "windlass.events.actions",
    "PauseWorkQueue": "windlass.events.actions",
    "Posture": "windlass.events.schemas.automations",
    "ReceivedEvent": "windlass.events.schemas.events",
    "RelatedResource": "windlass.events.schemas.events",
    "Resource": "windlass.events.schemas.events",
    "ResourceSpecification": "windlass.events.schemas.events",
    "ResumeAutomation": "windlass.events.actions",
    "ResumeDeployment": "windlass.events.actions",
    "ResumeFlowRun": "windlass.events.actions",
    "ResumeWorkPool": "windlass.events.actions",
    "ResumeWorkQueue": "windlass.events.actions",
    "RunDeployment": "windlass.events.actions",
    "SendNotification": "windlass.events.actions",
    "SequenceTrigger": "windlass.events.schemas.automations",
    "SuspendFlowRun": "windlass.events.actions",
    "TriggerTypes": "windlass.events.schemas.automations",
    "emit_event": "windlass.events.utilities",
    "get_events_client": "windlass.events.clients",
    "get_events_subscriber": "windlass.events.clients",
}

if not TYPE_CHECKING:  # who only emits an event loads no triggers and no actions

    def __getattr__(name: str) -> Any:
        if name not in _PLACES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_PLACES[name]), name)
