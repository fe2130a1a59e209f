"""Public: automations, and the triggers that they are made of."""

from windlass.schemas.automations import Automation, AutomationCore
from windlass.schemas.triggers import CompoundTrigger, EventTrigger, SequenceTrigger, TriggerTypes
from windlass.schemas.triggers.event import Posture
from windlass.schemas.triggers.metric import (
    MetricTrigger,
    MetricTriggerOperator,
    MetricTriggerQuery,
    PrefectMetric,
)

__all__ = [
    "Automation",
    "AutomationCore",
    "CompoundTrigger",
    "EventTrigger",
    "MetricTrigger",
    "MetricTriggerOperator",
    "MetricTriggerQuery",
    "Posture",
    "PrefectMetric",
    "SequenceTrigger",
    "TriggerTypes",
]
