"""Deployments as Python code describes them."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from windlass import flow
from windlass.deployments import ConcurrencyLimitConfig, RunnerDeployment
from windlass.deployments.sources import Source
from windlass.exceptions import ConfigurationError, InvalidNameError, MissingFlowError
from windlass.flows import Flow
from windlass.ids import uuid7
from windlass.schedules import Cron, Interval
from windlass.schemas.catch_up import CatchUp

HERE = Path(__file__).resolve()
STEP = "prefect.deployments.steps.set_working_directory"


@flow(description="Words.", version="3")
def a_flow(number: int = 1) -> int:
    return number


class Held:
    @flow
    def bound(self) -> None: ...


def sent(deployment: RunnerDeployment, **options: Any) -> dict[str, Any]:
    """What the API is told, and nothing that it is not."""
    return deployment.to_create(uuid7(), **options).model_dump(mode="json", exclude_unset=True)


def test_a_flow_gives_what_is_not_said() -> None:
    body = sent(a_flow.to_deployment("one"))
    assert (body["name"], body["description"], body["version"]) == ("one", "Words.", "3")
    assert body["parameter_openapi_schema"]["properties"]["number"]["type"] == "integer"
    assert body["enforce_parameter_schema"] is True


def test_what_stays_as_it_was_is_not_sent() -> None:
    assert not {"schedules", "paused"} & sent(a_flow.to_deployment("one")).keys()
    body = sent(a_flow.to_deployment("one", paused=False, schedules=[]))
    assert (body["paused"], body["schedules"]) == (False, [])


def test_for_a_pool_the_code_is_found_by_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE.parents[1])
    body = sent(a_flow.to_deployment("one"), work_pool_name="a-pool")
    assert body["work_pool_name"] == "a-pool"
    assert body["entrypoint"] == f"deployments/{HERE.name}:a_flow"
    assert body["pull_steps"] == [{STEP: {"directory": str(HERE.parents[1])}}]
    assert body["path"] is None


def test_without_a_pool_the_code_is_found_by_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    body = sent(a_flow.to_deployment("one"))
    assert body["path"] == str(HERE.parent)
    assert body["entrypoint"] == f"{HERE.name}:a_flow"
    assert body["pull_steps"] is None
    assert body["work_pool_name"] is None


def test_an_image_has_the_code_already() -> None:
    deployment = a_flow.to_deployment("one", job_variables={"image": "old", "a": 1})
    body = sent(deployment, work_pool_name="p", image="repository/image:tag")
    assert body["job_variables"] == {"image": "repository/image:tag", "a": 1}
    assert body["pull_steps"] is None


@pytest.mark.parametrize(
    ("said", "count"),
    [
        ({"interval": 60}, 1),
        ({"interval": [60, timedelta(hours=1)]}, 2),
        ({"cron": ["* * * * *", "@daily"]}, 2),
        ({"rrule": "FREQ=DAILY"}, 1),
        ({"schedule": Cron("@daily", slug="s", parameters={"number": 2}, active=False)}, 1),
        ({"schedules": [Cron("@daily"), Interval(5)]}, 2),
    ],
)
def test_schedules_can_be_said_in_several_ways(said: dict[str, Any], count: int) -> None:
    assert len(sent(a_flow.to_deployment("one", **said))["schedules"]) == count


def test_a_schedule_keeps_what_belongs_to_it() -> None:
    schedule = Cron("@daily", slug="s", parameters={"number": 2}, active=False)
    (body,) = sent(a_flow.to_deployment("one", schedule=schedule))["schedules"]
    assert (body["slug"], body["parameters"], body["active"]) == ("s", {"number": 2}, False)


def test_only_one_kind_of_schedule_can_be_said() -> None:
    with pytest.raises(ValueError, match="only one of interval, cron"):
        a_flow.to_deployment("one", interval=60, cron="@daily")


@pytest.mark.parametrize(
    ("limit", "options"),
    [
        (3, None),
        (ConcurrencyLimitConfig(3), {"collision_strategy": "ENQUEUE"}),
        (
            ConcurrencyLimitConfig(3, grace_period_seconds=60),
            {"collision_strategy": "ENQUEUE", "grace_period_seconds": 60},
        ),
    ],
)
def test_a_limit_has_options(limit: Any, options: dict[str, Any] | None) -> None:
    body = sent(a_flow.to_deployment("one", concurrency_limit=limit))
    assert (body["concurrency_limit"], body["concurrency_options"]) == (3, options)


@pytest.mark.parametrize("policy", ["all", "latest", "none", 5])
def test_a_deployment_says_which_missed_runs_still_go(policy: CatchUp) -> None:
    assert sent(a_flow.to_deployment("one", catch_up=policy))["catch_up"] == policy


def test_a_server_that_knows_no_policies_is_told_of_none() -> None:
    ours = {"catch_up", "infrastructure_retry"}
    assert not ours & sent(a_flow.to_deployment("one")).keys()


@pytest.mark.parametrize("policy", ["newest", 0, -1, True, 1.5])
def test_a_policy_that_means_nothing_is_refused(policy: Any) -> None:
    with pytest.raises(ValueError, match="catch_up"):
        sent(a_flow.to_deployment("one", catch_up=policy))


@pytest.mark.parametrize("name", ["", "a/b", "100%"])
def test_a_name_must_be_usable_in_a_path(name: str) -> None:
    with pytest.raises(InvalidNameError):
        a_flow.to_deployment(name)


def test_a_flow_that_no_other_process_can_find_is_refused() -> None:
    @flow
    def inner() -> None: ...

    with pytest.raises(MissingFlowError, match="not at the top level of a file"):
        inner.to_deployment("one")
    with pytest.raises(MissingFlowError, match="bound to an instance"):
        Held().bound.to_deployment("one")


def test_a_flow_knows_the_directory_that_it_was_loaded_from(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    code = "from windlass import flow\n@flow\ndef far_away(): ...\n"
    (tmp_path / "inner" / "flows.py").write_text(code)
    loaded = flow.from_source(str(tmp_path), "inner/flows.py:far_away")
    assert isinstance(loaded, Flow)
    assert loaded.to_deployment("one").source == Source(tmp_path, "inner/flows.py:far_away")
    renamed = loaded.with_options(name="other").to_deployment("one")
    assert (renamed.source.directory, renamed.full_name) == (tmp_path, "other/one")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("s3://bucket/folder", "is not the URL of a git repository"),
        ("/no/such/directory", "is not a directory of this machine"),
    ],
)
def test_a_source_that_cannot_be_read_is_refused(source: str, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        flow.from_source(source, "flows.py:a")
