"""Makes, changes and deletes automations with the stock SDK, and emits an event in a flow.

    python automations.py NAME

Prints what it saw as JSON.
"""

import json
import sys
from datetime import timedelta

from prefect import flow
from prefect.automations import Automation
from prefect.events import (
    DeploymentCompoundTrigger,
    DeploymentEventTrigger,
    emit_event,
)
from prefect.events.actions import CancelFlowRun, RunDeployment
from prefect.events.schemas.automations import (
    CompoundTrigger,
    EventTrigger,
    Posture,
    SequenceTrigger,
)


@flow
def crows(name: str = "crow") -> None:
    emit_event("crow.called", resource={"prefect.resource.id": f"crow.{name}"})


def main(name: str) -> None:
    seen: dict[str, object] = {}
    called = EventTrigger(expect={"crow.called"}, match={"prefect.resource.id": "crow.*"})
    made = Automation(
        name=name,
        trigger=SequenceTrigger(
            within=timedelta(seconds=30),
            triggers=[
                called,
                CompoundTrigger(require="any", within=10, triggers=[called, called]),
                EventTrigger(expect={"silence"}, posture=Posture.Proactive, within=20),
            ],
        ),
        actions=[CancelFlowRun()],
    ).create()
    found = Automation.read(name=name)
    seen["found"] = found.id == made.id and found.trigger == made.trigger
    found.actions = [RunDeployment(source="inferred", parameters={"name": "{{ event.id }}"})]
    found.description = "about crows"
    found.update()
    again = Automation.read(id=made.id)
    seen["updated"] = (again.description, [action.type for action in again.actions])
    again.disable()
    seen["disabled"] = Automation.read(id=made.id).enabled
    again.enable()
    seen["enabled"] = Automation.read(id=made.id).enabled
    again.delete()
    try:
        Automation.read(id=made.id)
    except ValueError:
        seen["deleted"] = True
    triggers = [
        DeploymentEventTrigger(expect=["crow.called"], parameters={"name": "{{ event.id }}"}),
        DeploymentCompoundTrigger(
            name=f"{name}-compound",
            require="all",
            triggers=[{"type": "event", "expect": ["crow.called"]}],
        ),
    ]
    deployment_id = crows.to_deployment(name, triggers=triggers).apply()
    seen["deployment"] = str(deployment_id)
    crows("bob")
    print(json.dumps(seen))


if __name__ == "__main__":
    main(sys.argv[1])
