"""A flow with schedules of every kind.

    python j12_schedules.py serve
    python j12_schedules.py deploy '{"name": [["cron", "0 9 * * *", "Europe/Berlin"], ...]}'
    python j12_schedules.py edit DEPLOYMENT

The last one prints, as JSON, a run that has started and one that waits to be tried again.
"""

import json
import sys
from datetime import datetime, timedelta
from pathlib import Path

from prefect import flow, get_client
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterName
from prefect.client.schemas.schedules import CronSchedule
from prefect.schedules import Cron, Interval, RRule
from prefect.states import AwaitingRetry, Pending, Running


@flow
def send_email(to, message="hello"):
    return to, message


def serve():
    send_email.serve(
        name="my-flow",
        schedules=[
            Cron("0 8 * * *", slug="jim", timezone="America/New_York", parameters={"to": "jim@x"}),
            Cron("5 8 * * *", slug="dwight", parameters={"to": "dwight@x", "message": "hi"}),
            Interval(
                timedelta(days=1),
                anchor_date=datetime(2026, 1, 1, 9),
                timezone="America/Chicago",
                slug="pam",
                parameters={"to": "pam@x"},
            ),
        ],
    )


def schedule_of(kind, value, timezone="UTC", **more):
    match kind:
        case "cron":
            return Cron(value, timezone=timezone, **more)
        case "interval":
            return Interval(timedelta(seconds=value), timezone=timezone, **more)
        case "rrule":
            return RRule(value, timezone=timezone, **more)


def deploy(wanted):
    for name, (terms, more) in wanted.items():
        send_email.from_source(
            source=str(Path(__file__).parent), entrypoint=f"{Path(__file__).name}:send_email"
        ).to_deployment(
            name, schedule=schedule_of(*terms, **more), parameters={"to": "all@x"}
        ).apply()


def edit(name):
    """One scheduled run has started, one waits for its retry; then the schedule is changed."""
    called = DeploymentFilter(name=DeploymentFilterName(any_=[name]))
    with get_client(sync_client=True) as client:
        (deployment,) = client.read_deployments(deployment_filter=called)
        first, second, *_ = client.read_flow_runs(deployment_filter=called)
        for run, states in (
            (first, (Pending(), Running())),
            (second, (Pending(), Running(), AwaitingRetry())),
        ):
            for state in states:
                client.set_flow_run_state(run.id, state, force=True)
        (schedule,) = deployment.schedules
        client.update_deployment_schedule(
            deployment.id, schedule.id, schedule=CronSchedule(cron="30 7 * * *")
        )
    print(json.dumps([str(first.id), str(second.id)]))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve"]:
            serve()
        case ["deploy", wanted]:
            deploy(json.loads(wanted))
        case ["edit", name]:
            edit(name)
