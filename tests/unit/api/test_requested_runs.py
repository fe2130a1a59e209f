"""Which runs somebody who asks for them gets."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from windlass.schemas.deployments import Deployment, ScheduleDeployment
from windlass_services.api.requested_runs import requested_runs
from windlass_services.orchestration.horizon import Horizon

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
USUAL = Horizon(
    fewest_runs=3,
    most_runs=100,
    shortest=timedelta(hours=1),
    longest=timedelta(days=100),
)


def deployment(*schedules: dict[str, Any], paused: bool = False) -> Deployment:
    """A deployment with these schedules; each runs every hour unless it says otherwise."""
    every_hour = {"interval": 3600, "anchor_date": "2026-01-01T00:00:00Z"}
    return Deployment.model_validate(
        {
            "id": uuid4(),
            "name": "deployment",
            "flow_id": uuid4(),
            "paused": paused,
            "schedules": [{"id": uuid4(), "schedule": every_hour} | one for one in schedules],
        }
    )


def hours(of: Deployment, **asked: Any) -> list[int]:
    """How many hours after NOON the runs are that are made for these bounds."""
    moments: list[datetime] = []
    for run in requested_runs(of, ScheduleDeployment.model_validate(asked), NOON, USUAL):
        assert run.wanted.state is not None
        moment = run.wanted.state.state_details.scheduled_time
        assert moment is not None
        moments.append(moment)
    return [int((moment - NOON).total_seconds() // 3600) for moment in moments]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, [0, 1, 2]),
        ({"min_runs": 1}, [0, 1]),
        ({"min_runs": 1, "min_time": 0}, [0]),
        ({"min_time": 4 * 3600}, [0, 1, 2, 3, 4]),
        ({"max_runs": 2}, [0, 1]),
        ({"end_time": NOON + timedelta(hours=1)}, [0, 1]),
        ({"start_time": NOON - timedelta(hours=5)}, [-5, -4, -3]),
        ({"start_time": NOON + timedelta(minutes=1)}, [1, 2, 3]),
    ],
)
def test_the_fewest_runs_that_keep_what_was_asked(
    asked: dict[str, Any], expected: list[int]
) -> None:
    assert hours(deployment({}), **asked) == expected


def test_only_active_schedules_of_deployments_that_are_not_paused_count() -> None:
    assert hours(deployment({"active": False}, {})) == [0, 1, 2]
    assert hours(deployment({}, paused=True)) == []


def test_a_run_has_the_parameters_and_the_key_of_its_schedule() -> None:
    of = deployment({"parameters": {"x": 1}}, {})
    first, *_, last = requested_runs(of, ScheduleDeployment(), NOON, USUAL)
    again, *_ = requested_runs(of, ScheduleDeployment(), NOON, USUAL)
    assert (first.wanted.parameters, last.wanted.parameters) == ({"x": 1}, {})
    assert first.wanted.idempotency_key == again.wanted.idempotency_key
    assert first.wanted.idempotency_key != last.wanted.idempotency_key
    assert first.schedule_id is None
