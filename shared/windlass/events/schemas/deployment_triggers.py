"""Public: triggers that run the deployment they are a part of."""

from datetime import timedelta
from typing import Annotated, TypeAlias
from uuid import UUID

from pydantic import Discriminator, Field, Tag

from windlass.schemas.actions.run_deployment import RunDeployment
from windlass.schemas.automations import AutomationCreate
from windlass.schemas.base import JsonObject, Shape
from windlass.schemas.fields import Duration
from windlass.schemas.triggers import (
    CompoundTrigger,
    EventTrigger,
    SequenceTrigger,
    type_of_trigger,
)
from windlass.schemas.triggers.metric import MetricTrigger


class BaseDeploymentTrigger(Shape):
    """What a trigger of a deployment says beside when it fires.

    Without a name it is called after the deployment. Its runs get these parameters, which may be
    templates, and job variables; they start `schedule_after` so long.
    """

    name: str | None = None
    description: str = ""
    enabled: bool = True
    parameters: JsonObject | None = None
    job_variables: JsonObject | None = None
    schedule_after: Annotated[Duration, Field(ge=timedelta(0))] = timedelta(0)


class DeploymentEventTrigger(EventTrigger, BaseDeploymentTrigger):
    """Runs the deployment when events happen, or do not."""


class DeploymentCompoundTrigger(CompoundTrigger, BaseDeploymentTrigger):
    """Runs the deployment when some of several triggers fired."""


class DeploymentSequenceTrigger(SequenceTrigger, BaseDeploymentTrigger):
    """Runs the deployment when several triggers fired in an order."""


class DeploymentMetricTrigger(MetricTrigger, BaseDeploymentTrigger):
    """Runs the deployment when a number leaves its bounds: on Prefect Cloud alone."""


DeploymentTriggerTypes: TypeAlias = Annotated[
    Annotated[DeploymentEventTrigger, Tag("event")]
    | Annotated[DeploymentCompoundTrigger, Tag("compound")]
    | Annotated[DeploymentSequenceTrigger, Tag("sequence")]
    | Annotated[DeploymentMetricTrigger, Tag("metric")],
    Discriminator(type_of_trigger),
]
"""A trigger that says no type is an event trigger."""


def as_automation(
    trigger: DeploymentTriggerTypes, deployment_id: UUID, default_name: str
) -> AutomationCreate:
    """The automation that a trigger of a deployment stands for; the deployment owns it.

    Raises ValueError for a trigger that no server of its own evaluates.
    """
    about = set(BaseDeploymentTrigger.model_fields)
    run = RunDeployment(
        deployment_id=deployment_id,
        parameters=trigger.parameters,
        job_variables=trigger.job_variables,
        schedule_after=trigger.schedule_after,
    )
    return AutomationCreate.model_validate(
        {
            "name": trigger.name or default_name,
            "description": trigger.description,
            "enabled": trigger.enabled,
            "trigger": trigger.model_dump(exclude=about),
            "actions": [run],
            "owner_resource": f"prefect.deployment.{deployment_id}",
        }
    )
