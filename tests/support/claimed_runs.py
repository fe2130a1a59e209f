"""Claimed runs as a server hands them out, for tests that have no server."""

from datetime import UTC, datetime, timedelta
from typing import Any

from windlass.ids import uuid7
from windlass.schemas.deployments import Deployment
from windlass.schemas.executions import ClaimedRun, execution_id_of
from windlass.schemas.flow_runs import FlowRun
from windlass.schemas.flows import Flow


def claimed_run(*, run: dict[str, Any] | None = None, **deployment: Any) -> ClaimedRun:
    """A run that has just been claimed, with these job variables, of a deployment like this."""
    flow_id, flow_run_id = uuid7(), uuid7()
    return ClaimedRun(
        execution_id=execution_id_of(flow_run_id, 1),
        flow_run=FlowRun(id=flow_run_id, name="brisk-otter", flow_id=flow_id, job_variables=run),
        flow=Flow(id=flow_id, name="a-flow"),
        deployment=Deployment(id=uuid7(), name="a-deployment", flow_id=flow_id, **deployment),
        start_deadline=datetime.now(UTC) + timedelta(minutes=1),
        lease_seconds=30,
    )
