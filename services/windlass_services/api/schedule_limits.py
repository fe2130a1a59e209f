"""What a schedule may ask for."""

from collections.abc import Sequence

from windlass.exceptions import RequestInvalid
from windlass.schemas.deployment_schedules import (
    DeploymentScheduleCreate,
    DeploymentScheduleUpdate,
)
from windlass_services.api.context import ApiContext
from windlass_services.api.sizes import check_parameters_size


def check_schedules(
    context: ApiContext, schedules: Sequence[DeploymentScheduleCreate | DeploymentScheduleUpdate]
) -> None:
    """Raises `RequestInvalid` for a `max_scheduled_runs` over the server's limit, and
    `PayloadTooLarge` for parameters over theirs."""
    most = context.settings.server.deployment_schedule_max_scheduled_runs
    for schedule in schedules:
        check_parameters_size(context, schedule.parameters)
        if schedule.max_scheduled_runs is not None and schedule.max_scheduled_runs > most:
            message = (
                f"`max_scheduled_runs` is {schedule.max_scheduled_runs}, but {most} is the most:"
                " ask for fewer, or raise WINDLASS_SERVER_DEPLOYMENT_SCHEDULE_MAX_SCHEDULED_RUNS."
            )
            raise RequestInvalid(message)
