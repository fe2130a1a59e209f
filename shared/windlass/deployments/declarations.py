"""A deployment as a file declares it: what may be said, and what it means."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from windlass.deployments.options import ConcurrencyLimitConfig, DeploymentOptions
from windlass.events.schemas.deployment_triggers import DeploymentTriggerTypes
from windlass.schedules import Schedule
from windlass.schemas.base import JsonObject
from windlass.schemas.catch_up import CatchUp
from windlass.schemas.deployments import ConcurrencyLimitStrategy, RunLimit
from windlass.schemas.fields import Duration
from windlass.schemas.infrastructure_retry import InfrastructureRetry, RetryCount


def _nothing_as_empty(value: Any) -> Any:
    return {} if value is None else value


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int | float) else value


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


JsonMapping = Annotated[JsonObject, BeforeValidator(_nothing_as_empty)]
"""A key that is there without a value is an empty mapping."""


class _Declaration(BaseModel):
    """Part of a file. A key that there is not is a mistake."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)


class ScheduleDeclaration(_Declaration):
    """One schedule: `cron`, `interval` (in seconds) or `rrule`, and what goes with it."""

    cron: str | None = None
    interval: Duration | None = None
    rrule: str | None = None
    anchor_date: datetime | None = None
    timezone: str | None = None
    day_or: bool = True
    active: bool = True
    slug: str | None = None
    parameters: JsonMapping = Field(default_factory=dict)

    @model_validator(mode="after")
    def _can_be_read(self) -> Self:
        self.schedule()
        return self

    def schedule(self) -> Schedule:
        """What it means. Raises ValueError."""
        return Schedule(**dict(self))


class WorkPoolDeclaration(_Declaration):
    """Where runs are done."""

    name: str | None = None
    work_queue_name: str | None = None
    job_variables: JsonMapping = Field(default_factory=dict)


class ConcurrencyDeclaration(_Declaration):
    """How many runs may be under way at once, and what becomes of one more."""

    limit: RunLimit
    collision_strategy: ConcurrencyLimitStrategy = ConcurrencyLimitStrategy.ENQUEUE
    grace_period_seconds: Annotated[int, Field(ge=60, le=86_400)] | None = None


class DeploymentDeclaration(_Declaration):
    """One deployment of a file. Whatever is left out, or has no value, is as it is by default."""

    name: str
    entrypoint: str
    flow_name: str | None = None
    version: Annotated[str | None, BeforeValidator(_as_text)] = None
    tags: Annotated[list[str] | None, BeforeValidator(_as_list)] = None
    description: str | None = None
    parameters: JsonMapping = Field(default_factory=dict)
    enforce_parameter_schema: bool | None = None
    paused: bool | None = None
    schedule: ScheduleDeclaration | None = None
    schedules: list[ScheduleDeclaration] | None = None
    concurrency_limit: RunLimit | ConcurrencyDeclaration | None = None
    infrastructure_retry: RetryCount | InfrastructureRetry | None = None
    catch_up: CatchUp | None = None
    work_pool: Annotated[WorkPoolDeclaration, BeforeValidator(_nothing_as_empty)] = Field(
        default_factory=WorkPoolDeclaration
    )
    triggers: list[DeploymentTriggerTypes] | None = None
    sla: list[Any] | None = None

    @field_validator("sla")
    @classmethod
    def _is_empty(cls, value: list[Any] | None) -> list[Any] | None:
        if value:
            raise ValueError("Windlass cannot do this yet; take it out to deploy without it")
        return value

    @field_validator("schedule", mode="before")
    @classmethod
    def _is_no_text(cls, value: object) -> object:
        if isinstance(value, str):
            raise ValueError(f"write it as a mapping: `schedule: {{cron: {value!r}}}`")
        return value

    @model_validator(mode="after")
    def _has_one_kind_of_schedule(self) -> Self:
        if self.schedule is not None and self.schedules:
            raise ValueError("give `schedule` or `schedules`, not both")
        return self

    def options(self) -> DeploymentOptions:
        """The options of the deployment that it declares."""
        pool = self.work_pool
        options = DeploymentOptions(
            concurrency_limit=self._concurrency_limit(),
            infrastructure_retry=self.infrastructure_retry,
            catch_up=self.catch_up,
            parameters=self.parameters,
            description=self.description,
            tags=self.tags,
            version=self.version,
            enforce_parameter_schema=self.enforce_parameter_schema is not False,
            paused=self.paused,
            work_pool_name=pool.name,
            work_queue_name=pool.work_queue_name,
            job_variables=pool.job_variables,
            triggers=self.triggers,
        )
        # A key without a value says that there are none; no key leaves those that there are.
        if self.model_fields_set & {"schedule", "schedules"}:
            options["schedules"] = self._schedules()
        return options

    def _schedules(self) -> list[Schedule]:
        declared = [self.schedule] if self.schedule else self.schedules or []
        return [each.schedule() for each in declared]

    def _concurrency_limit(self) -> int | ConcurrencyLimitConfig | None:
        limit = self.concurrency_limit
        if isinstance(limit, ConcurrencyDeclaration):
            return ConcurrencyLimitConfig(**dict(limit))
        return limit
