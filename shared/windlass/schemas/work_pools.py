"""Work pools: the places where flow runs wait for a worker."""

from enum import StrEnum
from uuid import UUID

from pydantic import Field

from windlass.schemas.base import JsonObject, Shape, Stored
from windlass.schemas.fields import Limit, ObjectName
from windlass.schemas.infrastructure_retry import InfrastructureRetry
from windlass.schemas.job_templates import BaseJobTemplate


class WorkPoolStatus(StrEnum):
    """Whether the runs of a pool will be taken."""

    READY = "READY"
    """A worker is online: the scheduler moves it on when none is left."""
    NOT_READY = "NOT_READY"
    """No worker is online: the heartbeat of a worker moves it on."""
    PAUSED = "PAUSED"
    """A person or an automation paused it, and moves it on."""


class WorkPoolStorageConfiguration(Shape):
    """Where the pool's runs keep their code bundles and their results."""

    bundle_upload_step: JsonObject | None = None
    bundle_execution_step: JsonObject | None = None
    default_result_storage_block_id: UUID | None = None


class WorkPoolCreate(Shape):
    """A work pool to create."""

    name: ObjectName
    description: str | None = None
    type: str = "prefect-agent"
    base_job_template: BaseJobTemplate = Field(default_factory=dict)
    is_paused: bool = False
    concurrency_limit: Limit | None = None
    infrastructure_retry: InfrastructureRetry | None = None
    storage_configuration: WorkPoolStorageConfiguration = Field(
        default_factory=WorkPoolStorageConfiguration
    )


class WorkPoolUpdate(Shape):
    """What to change of a work pool: only the fields that are set (`model_fields_set`)."""

    description: str | None = None
    is_paused: bool | None = None
    base_job_template: BaseJobTemplate | None = None
    concurrency_limit: Limit | None = None
    infrastructure_retry: InfrastructureRetry | None = None
    storage_configuration: WorkPoolStorageConfiguration | None = None


class WorkPool(Stored):
    """A work pool. `default_queue_id` is the queue of runs that name none."""

    name: ObjectName
    description: str | None = None
    type: str
    base_job_template: JsonObject = Field(default_factory=dict)
    is_paused: bool = False
    concurrency_limit: Limit | None = None
    infrastructure_retry: InfrastructureRetry | None = None
    status: WorkPoolStatus | None = None
    default_queue_id: UUID | None = None
    storage_configuration: WorkPoolStorageConfiguration = Field(
        default_factory=WorkPoolStorageConfiguration
    )
