"""Deployments, their schedules and their runs."""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote
from uuid import UUID

from windlass.client._sync.resource import SyncResource
from windlass.schemas.deployment_schedules import (
    DeploymentSchedule,
    DeploymentScheduleCreate,
    DeploymentScheduleUpdate,
)
from windlass.schemas.deployments import (
    Deployment,
    DeploymentCreate,
    DeploymentUpdate,
    ScheduledDeploymentRuns,
    ScheduleDeployment,
)
from windlass.schemas.filters.queries import DeploymentCountQuery, DeploymentQuery
from windlass.schemas.flow_runs import DeploymentFlowRunCreate, FlowRun


class SyncDeployments(SyncResource):
    """The methods for deployments."""

    def create_deployment(self, wanted: DeploymentCreate) -> Deployment:
        """Make a deployment, or change the one of this flow and name: only what is set in `wanted`.

        Raises `ObjectNotFound` for the flow or the pool, `RequestInvalid` for what does not fit.
        """
        return self._read(Deployment, "POST", "/deployments/", body=wanted)

    def read_deployment(self, deployment_id: UUID) -> Deployment:
        """Raises `ObjectNotFound`."""
        return self._read(Deployment, "GET", f"/deployments/{deployment_id}")

    def read_deployment_by_name(self, name: str) -> Deployment:
        """The deployment of the name ``<flow name>/<deployment name>``. Raises `ObjectNotFound`."""
        flow_name, _, deployment_name = name.partition("/")
        path = f"/deployments/name/{quote(flow_name, safe='')}/{quote(deployment_name, safe='')}"
        return self._read(Deployment, "GET", path)

    def read_deployments(self, query: DeploymentQuery | None = None) -> list[Deployment]:
        """Deployments that match, by name unless another order is asked for."""
        body = query or DeploymentQuery()
        return self._read_list(Deployment, "POST", "/deployments/filter", body=body)

    def count_deployments(self, query: DeploymentCountQuery | None = None) -> int:
        """How many deployments match."""
        body = query or DeploymentCountQuery()
        return int((self._request("POST", "/deployments/count", body=body)).json())

    def update_deployment(self, deployment_id: UUID, update: DeploymentUpdate) -> None:
        """Change what is set in `update`. Raises `ObjectNotFound` and `RequestInvalid`."""
        self._request("PATCH", f"/deployments/{deployment_id}", body=update)

    def delete_deployment(self, deployment_id: UUID) -> None:
        """Delete a deployment and the runs that wait. Raises `ObjectNotFound`."""
        self._request("DELETE", f"/deployments/{deployment_id}")

    def pause_deployment(self, deployment_id: UUID) -> None:
        """Make no more runs by schedule, and remove those that wait. Raises `ObjectNotFound`."""
        self._request("POST", f"/deployments/{deployment_id}/pause_deployment")

    def resume_deployment(self, deployment_id: UUID) -> None:
        """Make runs by schedule again. Raises `ObjectNotFound`."""
        self._request("POST", f"/deployments/{deployment_id}/resume_deployment")

    def schedule_deployment(
        self, deployment_id: UUID, asked: ScheduleDeployment | None = None
    ) -> None:
        """Make runs of the deployment's schedules now, in the past or ahead of time."""
        path = f"/deployments/{deployment_id}/schedule"
        self._request("POST", path, body=asked or ScheduleDeployment())

    def create_deployment_schedules(
        self, deployment_id: UUID, schedules: Sequence[DeploymentScheduleCreate]
    ) -> list[DeploymentSchedule]:
        """Add schedules to a deployment. Raises `ObjectNotFound`."""
        path = f"/deployments/{deployment_id}/schedules"
        body = [schedule.model_dump(mode="json", exclude_unset=True) for schedule in schedules]
        return self._read_list(DeploymentSchedule, "POST", path, body=body)

    def read_deployment_schedules(self, deployment_id: UUID) -> list[DeploymentSchedule]:
        """The schedules of a deployment, the newest first. Raises `ObjectNotFound`."""
        path = f"/deployments/{deployment_id}/schedules"
        return self._read_list(DeploymentSchedule, "GET", path)

    def update_deployment_schedule(
        self, deployment_id: UUID, schedule_id: UUID, update: DeploymentScheduleUpdate
    ) -> None:
        """Change what is set in `update`. Raises `ObjectNotFound`."""
        path = f"/deployments/{deployment_id}/schedules/{schedule_id}"
        self._request("PATCH", path, body=update)

    def delete_deployment_schedule(self, deployment_id: UUID, schedule_id: UUID) -> None:
        """Remove a schedule and the runs that wait because of it. Raises `ObjectNotFound`."""
        path = f"/deployments/{deployment_id}/schedules/{schedule_id}"
        self._request("DELETE", path)

    def create_flow_run_from_deployment(
        self, deployment_id: UUID, wanted: DeploymentFlowRunCreate | None = None
    ) -> FlowRun:
        """Make a run of a deployment, or find the one with the same idempotency key.

        Raises `ObjectNotFound`, and `RequestInvalid` for parameters or job variables that do not
        fit.
        """
        path = f"/deployments/{deployment_id}/create_flow_run"
        return self._read(FlowRun, "POST", path, body=wanted or DeploymentFlowRunCreate())

    def get_scheduled_flow_runs_for_deployments(
        self,
        deployment_ids: Sequence[UUID],
        scheduled_before: datetime | None = None,
        limit: int | None = None,
    ) -> list[FlowRun]:
        """Runs of these deployments that may start, the earliest first; for who serves them."""
        body = ScheduledDeploymentRuns(
            deployment_ids=list(deployment_ids), scheduled_before=scheduled_before, limit=limit
        )
        path = "/deployments/get_scheduled_flow_runs"
        return self._read_list(FlowRun, "POST", path, body=body)
