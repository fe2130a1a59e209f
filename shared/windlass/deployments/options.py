"""What can be said about a deployment in Python."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias, TypedDict

from windlass.events.schemas.deployment_triggers import DeploymentTriggerTypes
from windlass.schedules import Schedule, schedules_of
from windlass.schemas.base import JsonObject
from windlass.schemas.catch_up import CatchUp
from windlass.schemas.deployment_schedules import DeploymentScheduleCreate
from windlass.schemas.deployments import ConcurrencyLimitStrategy, ConcurrencyOptions
from windlass.schemas.infrastructure_retry import InfrastructureRetry

Interval: TypeAlias = int | float | timedelta
"""A number is in seconds."""


@dataclass(frozen=True, slots=True)
class ConcurrencyLimitConfig:
    """How many runs of a deployment may be under way at once, and what becomes of one more.

    A run that was given a slot has `grace_period_seconds` to start.
    """

    limit: int
    collision_strategy: ConcurrencyLimitStrategy = ConcurrencyLimitStrategy.ENQUEUE
    grace_period_seconds: int | None = None

    def options(self) -> ConcurrencyOptions:
        """What the API takes beside the limit itself."""
        strategy = ConcurrencyLimitStrategy(self.collision_strategy)
        if self.grace_period_seconds is None:
            return ConcurrencyOptions(collision_strategy=strategy)
        return ConcurrencyOptions(
            collision_strategy=strategy, grace_period_seconds=self.grace_period_seconds
        )


def infrastructure_retry_of(said: int | InfrastructureRetry | None) -> InfrastructureRetry | None:
    """The policy that is meant. A number is how often; the rest is as it is by default."""
    return InfrastructureRetry(max_retries=said) if isinstance(said, int) else said


class ScheduleOptions(TypedDict, total=False):
    """When a deployment runs: at most one of these. None is the same as not given."""

    interval: Interval | Iterable[Interval] | None
    cron: str | Iterable[str] | None
    rrule: str | Iterable[str] | None
    schedule: Schedule | None
    schedules: Iterable[Schedule] | None


class DeploymentOptions(ScheduleOptions, total=False):
    """The options of a deployment; None is the same as not given."""

    paused: bool | None
    """Whether its schedules make no runs; by default as it was. A new one is not paused."""
    concurrency_limit: int | ConcurrencyLimitConfig | None
    infrastructure_retry: int | InfrastructureRetry | None
    """How often, and when, a run is dispatched anew when its infrastructure fails; by default as
    its work pool says."""
    catch_up: CatchUp | None
    """Which of the runs that its schedules made, and that nobody took in time, still go: `"all"`
    (the default), `"latest"`, so many of the newest, or `"none"`."""
    parameters: JsonObject | None
    """Values of parameters for runs that do not say them."""
    description: str | None
    """By default that of the flow."""
    tags: list[str] | None
    """Given to the runs, too."""
    version: str | None
    """By default that of the flow."""
    enforce_parameter_schema: bool
    """Whether runs with parameters that do not fit are refused; by default True."""
    work_pool_name: str | None
    work_queue_name: str | None
    job_variables: JsonObject | None
    triggers: Iterable[DeploymentTriggerTypes | JsonObject] | None
    """What makes it run beside its schedules; they replace those that it has. A mapping is read
    as in a file."""


class DeployOptions(TypedDict, total=False):
    """How deployments are registered for a work pool; None is the same as not given."""

    work_pool_name: str | None
    """For those that name none; by default that of WINDLASS_DEFAULT_WORK_POOL_NAME."""
    image: str | None
    """An image that has the code, in its working directory."""
    build: bool
    """Must be False with an image, which is not built here; by default True."""
    push: bool
    print_next_steps_message: bool
    """By default True."""
    ignore_warnings: bool
    """Register a deployment, too, whose code its workers may not find."""


class DeployFlowOptions(DeploymentOptions, total=False):
    """The options of `Flow.deploy`: of the deployment, and of registering it."""

    image: str | None
    build: bool
    push: bool
    print_next_steps_message: bool
    ignore_warnings: bool


class ServeOptions(TypedDict, total=False):
    """How deployments are served; None is the same as not given."""

    pause_on_shutdown: bool
    """Whether their schedules are paused at the end; by default True."""
    print_starting_message: bool
    """By default True."""
    limit: int | None
    """Runs at once in this process; by default WINDLASS_RUNNER_PROCESS_LIMIT."""
    webserver: bool | None
    """Whether to serve the health endpoint; by default as WINDLASS_RUNNER_SERVER_ENABLE says."""


class ServeFlowOptions(DeploymentOptions, total=False):
    """The options of `Flow.serve`: of the deployment, and of serving it."""

    pause_on_shutdown: bool
    print_starting_message: bool
    limit: int | None
    webserver: bool | None
    global_limit: int | ConcurrencyLimitConfig | None
    """Runs at once of the deployment, wherever it is served."""


def schedules_from(options: ScheduleOptions) -> list[DeploymentScheduleCreate] | None:
    """The schedules that the options mean; None if they say nothing. Raises ValueError."""
    meant = schedules_of(
        interval=options.get("interval"),
        cron=options.get("cron"),
        rrule=options.get("rrule"),
        schedule=options.get("schedule"),
        schedules=options.get("schedules"),
    )
    return None if meant is None else [create_schedule(schedule) for schedule in meant]


def create_schedule(schedule: Schedule) -> DeploymentScheduleCreate:
    """What the API takes for a schedule."""
    said: JsonObject = {"schedule": schedule.definition(), "active": schedule.active}
    if schedule.parameters:
        said["parameters"] = schedule.parameters
    if schedule.slug is not None:
        said["slug"] = schedule.slug
    return DeploymentScheduleCreate(**said)
