"""Deployments: flows that can be run from afar, with where, when and how."""

from enum import StrEnum
from typing import Annotated, TypeAlias
from uuid import UUID

from pydantic import ConfigDict, Field

from windlass.schemas.base import JsonObject, Shape, Stored, Timestamp
from windlass.schemas.catch_up import CatchUp
from windlass.schemas.concurrency_limits import GlobalConcurrencyLimitResponse
from windlass.schemas.deployment_schedules import (
    DeploymentSchedule,
    DeploymentScheduleCreate,
    DeploymentScheduleUpdate,
)
from windlass.schemas.fields import CreatedBy, Labels, ObjectName, Page, Positive, UpdatedBy
from windlass.schemas.infrastructure_retry import InfrastructureRetry

RunLimit: TypeAlias = Positive
"""How many runs of a deployment may be under way at once."""


class DeploymentStatus(StrEnum):
    """Whether the runs of a deployment will be taken."""

    READY = "READY"
    """Something asks for its runs: the scheduler moves it on when nothing does any more."""
    NOT_READY = "NOT_READY"
    """Nothing asks for its runs: the next poll or claim moves it on."""


class ConcurrencyLimitStrategy(StrEnum):
    """What becomes of a run that meets a full concurrency limit."""

    ENQUEUE = "ENQUEUE"
    """It waits for a slot."""
    CANCEL_NEW = "CANCEL_NEW"
    """It is cancelled."""


class ConcurrencyOptions(Shape):
    """How a deployment's concurrency limit is kept.

    A run that was given a slot has `grace_period_seconds` to start.
    """

    collision_strategy: ConcurrencyLimitStrategy
    grace_period_seconds: Annotated[int, Field(ge=60, le=86_400)] | None = None


class VersionInfo(Shape):
    """Where a version of a deployment comes from; further fields depend on `type`."""

    model_config = ConfigDict(extra="allow")

    type: str
    version: str


class DeploymentCreate(Shape):
    """A deployment to create, or to replace by its flow and its name."""

    name: str
    flow_id: UUID
    paused: bool = False
    schedules: list[DeploymentScheduleCreate] = Field(
        default_factory=list[DeploymentScheduleCreate]
    )
    concurrency_limit: RunLimit | None = None
    concurrency_options: ConcurrencyOptions | None = None
    infrastructure_retry: InfrastructureRetry | None = None
    catch_up: CatchUp | None = None
    global_concurrency_limit_id: UUID | None = None
    enforce_parameter_schema: bool = True
    parameter_openapi_schema: JsonObject | None = Field(default_factory=dict)
    parameters: JsonObject = Field(default_factory=dict)
    tags: list[str] = Field(default_factory=list)
    labels: Labels | None = Field(default_factory=Labels)
    pull_steps: list[JsonObject] | None = None
    work_queue_name: ObjectName | None = None
    work_pool_name: str | None = None
    storage_document_id: UUID | None = None
    infrastructure_document_id: UUID | None = None
    description: str | None = None
    path: str | None = None
    version: str | None = None
    entrypoint: str | None = None
    job_variables: JsonObject = Field(default_factory=dict)
    version_info: VersionInfo | None = None


class DeploymentUpdate(Shape):
    """What to change of a deployment: only the fields that are set (`model_fields_set`)."""

    version: str | None = None
    description: str | None = None
    paused: bool = False
    schedules: list[DeploymentScheduleUpdate] = Field(
        default_factory=list[DeploymentScheduleUpdate]
    )
    concurrency_limit: RunLimit | None = None
    concurrency_options: ConcurrencyOptions | None = None
    infrastructure_retry: InfrastructureRetry | None = None
    catch_up: CatchUp | None = None
    global_concurrency_limit_id: UUID | None = None
    parameters: JsonObject | None = None
    parameter_openapi_schema: JsonObject | None = None
    tags: list[str] = Field(default_factory=list)
    work_queue_name: ObjectName | None = None
    work_pool_name: str | None = None
    path: str | None = None
    job_variables: JsonObject | None = None
    pull_steps: list[JsonObject] | None = None
    entrypoint: str | None = None
    storage_document_id: UUID | None = None
    infrastructure_document_id: UUID | None = None
    enforce_parameter_schema: bool | None = None
    version_info: VersionInfo | None = None


class Deployment(Stored):
    """A deployment."""

    name: str
    version: str | None = None
    description: str | None = None
    flow_id: UUID
    paused: bool = False
    schedules: list[DeploymentSchedule] = Field(default_factory=list[DeploymentSchedule])
    concurrency_limit: int | None = None
    global_concurrency_limit: GlobalConcurrencyLimitResponse | None = None
    concurrency_options: ConcurrencyOptions | None = None
    infrastructure_retry: InfrastructureRetry | None = None
    catch_up: CatchUp | None = None
    job_variables: JsonObject = Field(default_factory=dict)
    parameters: JsonObject = Field(default_factory=dict)
    tags: list[str] = Field(default_factory=list)
    labels: Labels = Field(default_factory=Labels)
    work_queue_name: str | None = None
    work_queue_id: UUID | None = None
    last_polled: Timestamp | None = None
    parameter_openapi_schema: JsonObject | None = None
    path: str | None = None
    pull_steps: list[JsonObject] | None = None
    entrypoint: str | None = None
    storage_document_id: UUID | None = None
    infrastructure_document_id: UUID | None = None
    created_by: CreatedBy | None = None
    updated_by: UpdatedBy | None = None
    work_pool_name: str | None = None
    status: DeploymentStatus | None = DeploymentStatus.NOT_READY
    enforce_parameter_schema: bool = True


class DeploymentPaginationResponse(Page):
    """One page of deployments."""

    results: list[Deployment]


RunsAsked: TypeAlias = Annotated[int, Field(ge=0, le=10_000)]
_LONGEST_AHEAD = 100 * 365 * 86_400.0


class ScheduleDeployment(Shape):
    """Which runs of a deployment's schedules to create now; the server's limits fill the rest.

    `min_time` is in seconds: runs are created at least that far ahead.
    """

    start_time: Timestamp | None = None
    end_time: Timestamp | None = None
    min_time: Annotated[float, Field(ge=0, le=_LONGEST_AHEAD)] | None = None
    min_runs: RunsAsked | None = None
    max_runs: RunsAsked | None = None


class ScheduledDeploymentRuns(Shape):
    """Which scheduled runs of some deployments are asked for."""

    deployment_ids: list[UUID]
    scheduled_before: Timestamp | None = None
    limit: int | None = None


class DeploymentBulkDeleteResponse(Shape):
    """The deployments that were deleted."""

    deleted: list[UUID] = Field(default_factory=list[UUID])
