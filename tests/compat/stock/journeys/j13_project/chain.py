"""Deployments that events start.

    python chain.py serve
    python chain.py automate DEPLOYMENT_ID

The last one prints, as JSON, whether what it made is what it reads.
"""

import json
import sys

from prefect import flow, serve
from prefect.automations import Automation
from prefect.events import DeploymentEventTrigger
from prefect.events.actions import RunDeployment
from prefect.events.schemas.automations import EventTrigger


@flow
def upstream(name="ann", fail=False):
    if fail:
        raise ValueError(name)


@flow
def downstream(name="bob"):
    return name


@flow
def process_webhook(payload: dict):
    return payload["user_id"]


def serve_all():
    as_dict = {
        "__prefect_kind": "json",
        "value": {"__prefect_kind": "jinja", "template": "{{ event.payload | tojson }}"},
    }
    serve(
        upstream.to_deployment("up", tags=["nightly"]),
        downstream.to_deployment(
            "down",
            triggers=[
                DeploymentEventTrigger(
                    expect={"prefect.flow-run.Completed"},
                    match_related={"prefect.resource.name": "up"},
                )
            ],
        ),
        process_webhook.to_deployment(
            "hook",
            triggers=[
                DeploymentEventTrigger(
                    expect={"api.webhook.received"}, parameters={"payload": as_dict}
                )
            ],
        ),
    )


def automate(deployment_id):
    action = RunDeployment(
        source="selected",
        deployment_id=deployment_id,
        parameters={
            "name": {
                "template": "{{ flow_run.parameters['name'] }}",
                "__prefect_kind": "jinja",
            },
            "another": 1.2345,
        },
    )
    made = Automation(
        name="alpha-to-beta",
        trigger=EventTrigger(
            expect={"prefect.flow-run.Completed"},
            match_related={"prefect.resource.name": "up"},
            threshold=1,
        ),
        actions=[action],
    ).create()
    found = Automation.read(name="alpha-to-beta")
    print(json.dumps(found.trigger == made.trigger and found.actions == [action]))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve"]:
            serve_all()
        case ["automate", deployment_id]:
            automate(deployment_id)
