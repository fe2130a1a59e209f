"""Taking a run without a work pool: what a claim is to a worker."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from windlass.client.orchestration import SyncWindlassClient
from windlass.clock import utc_now
from windlass.exceptions import WindlassError
from windlass.schemas.executions import ClaimedRun
from windlass.schemas.flow_runs import FlowRun
from windlass.schemas.orchestration import SetStateStatus
from windlass.schemas.state_constructors import Pending

_FIRST_TERM: Final = 3.0
"""Seconds of the lease until its first renewal, whose answer says how long it is."""
_TIME_TO_START: Final = timedelta(seconds=60)


class NotTaken(WindlassError):
    """The server does not let this process have the run."""


def take(client: SyncWindlassClient, flow_run_id: UUID) -> ClaimedRun:
    """Make a run ours: it is PENDING under an execution of its own from then on.

    Raises NotTaken when somebody else has it, it is finished, or its deployment has no room.
    """
    answer = client.set_flow_run_state(flow_run_id, Pending().to_create())
    run = client.read_flow_run(flow_run_id)
    if answer.status is not SetStateStatus.ACCEPT or run.execution_id is None:
        reason = getattr(answer.details, "reason", None) or f"It is {run.state_name}."
        raise NotTaken(f"Flow run {run.name!r} cannot be started here. {reason}")
    return _claimed(client, run, run.execution_id)


def _claimed(client: SyncWindlassClient, run: FlowRun, execution_id: str) -> ClaimedRun:
    return ClaimedRun(
        execution_id=execution_id,
        flow_run=run,
        flow=client.read_flow(run.flow_id),
        deployment=None if run.deployment_id is None else client.read_deployment(run.deployment_id),
        start_deadline=utc_now() + _TIME_TO_START,
        lease_seconds=_FIRST_TERM,
    )
