"""What is asked for as a run of a deployment."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from windlass.deployments.flow_runs import RunOptions, nested, wanted_run


def wanted(**options: Any) -> dict[str, Any]:
    """What the API is told."""
    run = wanted_run(RunOptions(**options))
    return run.model_dump(mode="json", exclude_unset=True)


@pytest.mark.parametrize(
    ("variables", "meant"),
    [
        ({"image": "i"}, {"image": "i"}),
        ({"env.A": 1, "env.B": 2}, {"env": {"A": 1, "B": 2}}),
        ({"a.b.c": 1, "a.d": 2}, {"a": {"b": {"c": 1}, "d": 2}}),
        ({"env": {"A": 1}, "env.B": 2}, {"env": {"A": 1, "B": 2}}),
    ],
)
def test_a_dot_reaches_into_a_job_variable(variables: dict[str, Any], meant: Any) -> None:
    given = repr(variables)
    assert nested(variables) == meant
    assert repr(variables) == given


def test_a_run_starts_now_unless_said_otherwise() -> None:
    state = wanted()["state"]
    assert state["type"] == "SCHEDULED"
    due = datetime.fromisoformat(state["state_details"]["scheduled_time"])
    assert abs(due - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_time_without_a_zone_is_local() -> None:
    naive = datetime(2030, 1, 1, 12)
    aware = datetime(2030, 1, 1, 12, tzinfo=timezone(timedelta(hours=5)))
    for time in (naive, aware):
        said = wanted(scheduled_time=time)["state"]["state_details"]["scheduled_time"]
        assert datetime.fromisoformat(said) == time.astimezone()


def test_only_what_is_said_is_sent() -> None:
    assert not {"name", "work_queue_name", "idempotency_key"} & wanted(flow_run_name=None).keys()
    said = wanted(flow_run_name="n", work_queue_name="q", idempotency_key="k", tags={"b", "a"})
    assert (said["name"], said["work_queue_name"], said["idempotency_key"]) == ("n", "q", "k")
    assert said["tags"] == ["a", "b"]


def test_moments_among_the_parameters_are_sent_as_text() -> None:
    said = wanted(parameters={"day": datetime(2026, 1, 2, tzinfo=UTC)})
    assert said["parameters"] == {"day": "2026-01-02T00:00:00Z"}
