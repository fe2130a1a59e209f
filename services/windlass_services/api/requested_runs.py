"""The runs of a deployment's schedules that somebody asks for now, in the past or ahead."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from windlass.schemas.deployments import Deployment, ScheduleDeployment
from windlass.schemas.flow_runs import DeploymentFlowRunCreate
from windlass.schemas.schedules import schedule_fingerprint
from windlass.schemas.states import StateCreate, StateDetails, StateType
from windlass_services.orchestration.creation import RunFromDeployment
from windlass_services.orchestration.horizon import Horizon, look_ahead
from windlass_services.storage.due_schedules import schedule_key_prefix

_WITHOUT_END = timedelta(days=36_500)


def requested_runs(
    deployment: Deployment, asked: ScheduleDeployment, now: datetime, usual: Horizon
) -> list[RunFromDeployment]:
    """For each active schedule the fewest runs that keep what was asked; `usual` fills the rest.

    From `start_time` (now), never more than `max_runs`, none after `end_time`, at least `min_runs`,
    and all until `start_time` + `min_time`. One that its schedule made already is not made again.
    """
    if deployment.paused:
        return []
    start = asked.start_time or now
    furthest = datetime.max.replace(tzinfo=UTC) - start
    shortest = usual.shortest if asked.min_time is None else timedelta(seconds=asked.min_time)
    horizon = Horizon(
        fewest_runs=usual.fewest_runs if asked.min_runs is None else asked.min_runs,
        most_runs=usual.most_runs if asked.max_runs is None else asked.max_runs,
        shortest=min(shortest, furthest),
        longest=min(usual.longest if asked.end_time is None else _WITHOUT_END, furthest),
    )
    return list(_runs(deployment, start, asked.end_time, horizon))


def _runs(
    deployment: Deployment, start: datetime, end: datetime | None, horizon: Horizon
) -> Iterator[RunFromDeployment]:
    for schedule in deployment.schedules:
        if not schedule.active:
            continue
        fingerprint = schedule_fingerprint(schedule.schedule, schedule.parameters)
        prefix = schedule_key_prefix(deployment.id, fingerprint)
        outlook = look_ahead(schedule.schedule.dates(start, end=end), start, horizon)
        for moment in outlook.moments:
            details = StateDetails(scheduled_time=moment)
            state = StateCreate(type=StateType.SCHEDULED, state_details=details)
            yield RunFromDeployment(
                DeploymentFlowRunCreate(
                    state=state,
                    parameters=schedule.parameters,
                    idempotency_key=prefix + moment.isoformat(),
                )
            )
