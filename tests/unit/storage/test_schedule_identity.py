"""Which schedule a redeployment means."""

from typing import Any
from uuid import uuid4

import pytest

from windlass.schemas.deployment_schedules import DeploymentSchedule, DeploymentScheduleCreate
from windlass_services.storage.schedule_identity import recognise

DAILY = {"cron": "0 0 * * *"}
WEEKLY = {"cron": "0 0 * * 0"}
EARLY = {"interval": 60, "anchor_date": "2026-01-01T00:00:00Z"}
LATE = {"interval": 60, "anchor_date": "2026-01-01T00:00:30Z"}


def stored(schedule: dict[str, Any], **fields: Any) -> DeploymentSchedule:
    """A schedule of a deployment."""
    return DeploymentSchedule.model_validate({"id": uuid4(), "schedule": schedule, **fields})


def wanted(schedule: dict[str, Any], **fields: Any) -> DeploymentScheduleCreate:
    """A schedule in a redeployment."""
    return DeploymentScheduleCreate.model_validate({"schedule": schedule, **fields})


@pytest.mark.parametrize(
    ("there", "asked", "same"),
    [
        (stored(DAILY), wanted(DAILY), True),
        (stored(DAILY), wanted(WEEKLY), False),
        (stored(DAILY, parameters={"x": 1}), wanted(DAILY), False),
        (stored(EARLY), wanted(LATE), True),
        (stored(DAILY, slug="a"), wanted(WEEKLY, slug="a"), True),
        (stored(DAILY, slug="a"), wanted(DAILY, slug="b"), False),
        (stored(DAILY, slug="a"), wanted(DAILY), True),
        (stored(DAILY), wanted(DAILY, slug="a"), True),
    ],
)
def test_a_schedule_is_recognised_by_its_slug_or_by_what_it_says(
    there: DeploymentSchedule, asked: DeploymentScheduleCreate, same: bool
) -> None:
    found = recognise([there], [asked])
    assert found.pairs == [(asked, there if same else None)]
    assert found.unwanted == ([] if same else [there])


def test_each_schedule_is_meant_once() -> None:
    there, asked = stored(DAILY), wanted(DAILY)
    assert recognise([there], [asked, asked]).pairs == [(asked, there), (asked, None)]


def test_the_surer_sign_goes_first() -> None:
    late, early = stored(LATE), stored(EARLY)
    asked = wanted(EARLY)
    assert recognise([late, early], [asked]).pairs == [(asked, early)]
    named, same = stored(WEEKLY, slug="a"), stored(DAILY)
    by_slug = wanted(DAILY, slug="a")
    assert recognise([same, named], [by_slug]).pairs == [(by_slug, named)]
