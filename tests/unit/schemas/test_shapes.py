"""What every shape on the wire does with what it reads and writes."""

import json
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from pydantic import ValidationError

from windlass.schemas.base import Shape
from windlass.schemas.fields import Secret
from windlass.schemas.flow_runs import FlowRun, FlowRunCreate, FlowRunPolicy, FlowRunUpdate
from windlass.schemas.flows import FlowCreate
from windlass.schemas.logs import LogCreate
from windlass.schemas.task_runs import (
    Constant,
    FlowRunResult,
    Parameter,
    TaskRunCreate,
    TaskRunPolicy,
    TaskRunResult,
)
from windlass.schemas.work_pools import WorkPoolUpdate

FLOW_ID = UUID("00000000-0000-0000-0000-00000000000f")
RUN_ID = UUID("00000000-0000-0000-0000-00000000000a")


def _logged_at(timestamp: str) -> datetime:
    line = {"name": "x", "level": 20, "message": "hello", "timestamp": timestamp}
    return LogCreate.model_validate(line).timestamp


def test_a_naive_moment_is_read_as_utc() -> None:
    assert _logged_at("2026-03-01T12:00:00") == datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_moment_elsewhere_is_turned_into_utc() -> None:
    moment = _logged_at("2026-03-01T12:00:00+02:00")
    assert moment.tzinfo is UTC
    assert moment.hour == 10


def test_an_aware_moment_of_python_is_turned_into_utc() -> None:
    there = datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=-5)))
    line = LogCreate(name="x", level=20, message="hello", timestamp=there)
    assert line.timestamp.utcoffset() == timedelta(0)
    assert line.timestamp == there


def test_an_unknown_field_is_ignored() -> None:
    flow = FlowCreate.model_validate({"name": "etl", "invented_later": 1})
    assert "invented_later" not in flow.model_dump()


@pytest.mark.parametrize("name", ["", "a/b", "50%", "a&b", "<b>"])
def test_a_name_that_is_no_segment_of_a_path_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="name"):
        FlowCreate(name=name)


def test_an_update_tells_null_from_absent() -> None:
    nothing = FlowRunUpdate.model_validate({})
    null = FlowRunUpdate.model_validate({"name": None})
    assert nothing.model_fields_set == set()
    assert null.model_fields_set == {"name"}


def test_a_length_of_time_is_a_number_of_seconds_in_json() -> None:
    run = FlowRun(id=RUN_ID, name="x", flow_id=FLOW_ID, total_run_time=timedelta(seconds=1.5))
    assert json.loads(run.model_dump_json())["total_run_time"] == 1.5
    assert FlowRun.model_validate_json(run.model_dump_json()) == run
    assert run.model_dump()["total_run_time"] == timedelta(seconds=1.5)


def test_a_secret_travels_but_is_not_shown() -> None:
    class Holder(Shape):
        token: Secret

    holder = Holder.model_validate({"token": "hunter2"})
    assert "hunter2" not in repr(holder)
    assert json.loads(holder.model_dump_json()) == {"token": "hunter2"}


def test_a_run_to_create_has_its_own_parameters() -> None:
    FlowRunCreate(flow_id=FLOW_ID).parameters["x"] = 1
    assert FlowRunCreate(flow_id=FLOW_ID).parameters == {}


@pytest.mark.parametrize("given", [{"max_retries": 3}, {"max_retries": 3, "retries": None}])
def test_the_older_name_of_a_retry_setting_counts(given: dict[str, int | None]) -> None:
    assert FlowRunPolicy.model_validate(given).retries == 3


def test_the_older_name_of_a_retry_setting_gives_way_to_the_newer() -> None:
    policy = TaskRunPolicy.model_validate(
        {"retries": 0, "max_retries": 3, "retry_delay": 1, "retry_delay_seconds": 9}
    )
    assert (policy.retries, policy.retry_delay) == (0, 1)


@pytest.mark.parametrize("delay", [3, 0.5, [1, 2], [0.5, 1.0], None])
def test_a_retry_delay_stays_what_it_was(delay: float | list[int] | list[float] | None) -> None:
    policy = TaskRunPolicy.model_validate({"retry_delay": delay})
    assert json.loads(policy.model_dump_json())["retry_delay"] == delay


@pytest.mark.parametrize("given", [{"retry_delay": [1] * 51}, {"retry_jitter_factor": -0.1}])
def test_a_retry_policy_has_its_limits(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        TaskRunPolicy.model_validate(given)


def test_inputs_of_a_task_run_keep_their_kinds() -> None:
    sent = [
        TaskRunResult(id=RUN_ID),
        FlowRunResult(id=RUN_ID),
        Parameter(name="x"),
        Constant(type="int"),
    ]
    run = TaskRunCreate(task_key="t", dynamic_key="0", task_inputs={"x": list(sent)})
    assert TaskRunCreate.model_validate_json(run.model_dump_json()).task_inputs["x"] == sent


def test_a_pool_cannot_have_a_negative_limit() -> None:
    with pytest.raises(ValidationError, match="concurrency_limit"):
        WorkPoolUpdate(concurrency_limit=-1)
