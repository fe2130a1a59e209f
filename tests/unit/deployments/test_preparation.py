"""From a deployment as a file has it to one that can be registered."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from windlass.deployments.options import ConcurrencyLimitConfig
from windlass.deployments.preparation import Preparation
from windlass.deployments.project import Project
from windlass.deployments.runner import RunnerDeployment
from windlass.deployments.steps.core import StepExecutionError
from windlass.exceptions import ConfigurationError, MissingFlowError
from windlass.schemas.deployments import ConcurrencyLimitStrategy
from windlass.schemas.schedules import CronSchedule, IntervalSchedule

STEP = "prefect.deployments.steps.set_working_directory"
FLOWS = '''\
from windlass import flow

@flow(version="7")
def greet(name: str = "world") -> None:
    """Say hello."""
'''


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The root of a project with one flow."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flows.py").write_text(FLOWS)
    return tmp_path


def prepare(
    written: dict[str, Any],
    overrides: dict[str, Any] | None = None,
    actions: dict[str, Any] | None = None,
) -> RunnerDeployment:
    """One deployment of a project with these actions."""
    said = {"name": "one", "entrypoint": "flows.py:greet", **written}
    return Preparation(Project(actions=actions or {})).prepared(said, overrides or {})


def test_a_file_says_which_missed_runs_still_go() -> None:
    assert prepare({}).catch_up is None
    assert prepare({"catch_up": 5}).catch_up == 5
    assert prepare({"catch_up": 5}, {"catch_up": "latest"}).catch_up == "latest"
    with pytest.raises(ConfigurationError, match="catch_up"):
        prepare({"catch_up": "newest"})


def test_what_a_file_leaves_out_is_the_flows(here: Path) -> None:
    made = prepare({})
    assert (made.full_name, made.version, made.description) == ("greet/one", "7", "Say hello.")
    assert made.source.directory == here
    assert made.parameter_openapi_schema["properties"]["name"]["default"] == "world"
    assert made.schedules is None


def test_everything_can_be_said_in_a_file() -> None:
    made = prepare(
        {
            "version": 1.5,
            "tags": ["a", "b"],
            "description": "words",
            "parameters": {"name": "Bo"},
            "enforce_parameter_schema": False,
            "paused": True,
            "work_pool": {
                "name": "p",
                "work_queue_name": "q",
                "job_variables": {"env": {"A": "b"}},
            },
            "concurrency_limit": {"limit": 2, "collision_strategy": "CANCEL_NEW"},
        }
    )
    assert (made.version, made.tags, made.description) == ("1.5", ["a", "b"], "words")
    assert (made.parameters, made.enforce_parameter_schema) == ({"name": "Bo"}, False)
    assert (made.work_pool_name, made.work_queue_name) == ("p", "q")
    assert made.job_variables == {"env": {"A": "b"}}
    assert made.paused
    assert made.concurrency_limit == ConcurrencyLimitConfig(
        2, ConcurrencyLimitStrategy.CANCEL_NEW, None
    )


def test_a_file_may_hold_several_schedules() -> None:
    made = prepare(
        {
            "schedules": [
                {"cron": "0 9 * * *", "timezone": "Europe/Berlin", "slug": "nightly"},
                {"interval": 60, "active": False, "parameters": {"name": "Bo"}},
            ]
        }
    )
    assert made.schedules is not None
    nightly, often = made.schedules
    assert nightly.schedule == CronSchedule(cron="0 9 * * *", timezone="Europe/Berlin")
    assert nightly.slug == "nightly"
    assert isinstance(often.schedule, IntervalSchedule)
    assert often.schedule.interval == timedelta(minutes=1)
    assert (often.active, often.parameters) == (False, {"name": "Bo"})


@pytest.mark.parametrize("written", [{"schedule": None}, {"schedules": None}, {"schedules": []}])
def test_a_schedule_without_a_value_says_that_there_is_none(written: dict[str, Any]) -> None:
    assert prepare(written).schedules == []


def test_values_come_from_the_environment_and_from_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_TAG", "from-outside")
    made = prepare(
        {"tags": ["{{ $A_TAG }}"], "version": "{{ build.tag }}"},
        actions={
            "build": [
                {"json.loads": {"id": "build", "s": '{"tag": "v1", "image": "i"}'}},
            ],
            "push": [{"json.loads": {"s": '{"folder": "{{ build.image }}/f"}'}}],
            "pull": [
                {STEP: {"directory": "{{ folder }}"}},
                {"their.steps.clone": {"a": "{{ prefect.blocks.secret.x }}", "b": "{{ later.a }}"}},
            ],
        },
    )
    assert (made.tags, made.version) == (["from-outside"], "v1")
    assert made.pull_steps == [
        {STEP: {"directory": "i/f"}},
        {"their.steps.clone": {"a": "{{ prefect.blocks.secret.x }}", "b": "{{ later.a }}"}},
    ]


def test_equal_steps_of_several_deployments_run_once(here: Path) -> None:
    step = {"os.mkdir": {"path": str(here / "new")}}
    preparation = Preparation(Project(actions={"build": [step]}))
    for name in ("one", "two"):
        preparation.prepared({"name": name, "entrypoint": "flows.py:greet"}, {})
    assert (here / "new").exists()


def test_steps_of_a_deployment_replace_those_of_the_file() -> None:
    made = prepare({"build": None}, actions={"build": [{"no.such.step": {}}]})
    assert made.pull_steps is None


@pytest.mark.parametrize("action", ["build", "push", "pull"])
def test_a_step_that_there_is_not_is_refused_before_any_runs(action: str, here: Path) -> None:
    touch = {"os.mkdir": {"path": str(here / "new")}}
    missing: dict[str, Any] = {"prefect.deployments.steps.teleport": {}}
    with pytest.raises(
        StepExecutionError, match=r"no step `prefect\.deployments\.steps\.teleport`"
    ):
        prepare({}, actions={"build": [touch], action: [touch, missing]})
    assert not (here / "new").exists()


def test_the_command_line_goes_before_the_file() -> None:
    made = prepare(
        {
            "parameters": {"name": "file", "other": 1},
            "schedules": [{"interval": 60}],
            "work_pool": {"name": "p", "job_variables": {"a": 1, "b": {"c": 2}}},
            "tags": ["file"],
        },
        {
            "parameters": {"name": "line"},
            "schedule": {"cron": "0 1 * * *"},
            "work_pool": {"job_variables": {"b": {"d": 3}}},
            "tags": ["line"],
        },
    )
    assert made.parameters == {"name": "line", "other": 1}
    assert made.job_variables == {"a": 1, "b": {"c": 2, "d": 3}}
    assert (made.work_pool_name, made.tags) == ("p", ["line"])
    assert made.schedules is not None
    assert [each.schedule for each in made.schedules] == [CronSchedule(cron="0 1 * * *")]


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ({"entrypont": "x"}, "`entrypont`: Extra inputs are not permitted"),
        ({"entrypoint": None}, "`entrypoint`: Input should be a valid string"),
        ({"schedule": {"cron": "never"}}, "Cron line 'never' is not valid"),
        ({"schedule": {}}, "A schedule is one of interval, cron and rrule"),
        ({"schedule": "@daily"}, "write it as a mapping: `schedule: {cron: '@daily'}`"),
        ({"schedule": {"interval": 1}, "schedules": [{"interval": 1}]}, "not both"),
        ({"concurrency_limit": 0}, "`concurrency_limit"),
        ({"triggers": [{"type": "never"}]}, "`triggers.0`: Input tag 'never'"),
        ({"triggers": {"type": "event"}}, "`triggers`: Input should be a valid list"),
        ({"sla": [{"name": "x"}]}, "`sla`: Windlass cannot do this yet"),
        ({"version": "{{ $NOBODY_SET_THIS }}"}, "no value: `{{ $NOBODY_SET_THIS }}`"),
        ({"version": "{{ build.tag }}"}, "no value: `{{ build.tag }}`"),
        ({"build": {"a.step": {}}}, "`build` must be a list of steps"),
    ],
)
def test_a_mistake_is_named_with_its_deployment(written: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        prepare(written)
    assert "'one'" in str(caught.value)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("entrypoint", ["flows.py:nobody", "nowhere.py:greet", "no.module:greet"])
def test_a_flow_that_is_not_there_is_refused(entrypoint: str) -> None:
    with pytest.raises(MissingFlowError, match=r"The entrypoint"):
        prepare({"entrypoint": entrypoint})
