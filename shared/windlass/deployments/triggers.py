"""The triggers of a deployment: automations that it owns."""

from collections.abc import Iterable, Sequence
from typing import Final

from pydantic import TypeAdapter

from windlass.client.orchestration import WindlassClient
from windlass.events.schemas.deployment_triggers import DeploymentTriggerTypes, as_automation
from windlass.schemas.base import JsonObject
from windlass.schemas.deployments import Deployment

_TRIGGERS: Final[TypeAdapter[list[DeploymentTriggerTypes]]] = TypeAdapter(
    list[DeploymentTriggerTypes]
)


def read_triggers(
    said: Iterable[DeploymentTriggerTypes | JsonObject] | None,
) -> list[DeploymentTriggerTypes]:
    """The triggers, those that are mappings read as in a file. Raises ValueError."""
    return _TRIGGERS.validate_python(list(said or ()))


async def replace_triggers(
    client: WindlassClient, deployment: Deployment, triggers: Sequence[DeploymentTriggerTypes]
) -> None:
    """Give a deployment these triggers in place of those that it has.

    One without a name is called `<deployment>__automation_<its place>`. Raises ValueError and
    RequestInvalid.
    """
    wanted = [
        as_automation(trigger, deployment.id, f"{deployment.name}__automation_{place}")
        for place, trigger in enumerate(triggers, 1)
    ]
    await client.delete_resource_owned_automations(f"prefect.deployment.{deployment.id}")
    for automation in wanted:
        await client.create_automation(automation)
