"""What can be said about a deployment in Python."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias, TypedDict

from windlass.schedules import Schedule, schedules_of
from windlass.schemas.base import JsonObject
from windlass.schemas.deployment_schedules import DeploymentScheduleCreate
from windlass.schemas.deployments import ConcurrencyLimitStrategy, ConcurrencyOptions

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
