"""`windlass deploy` and `windlass deployment` against a server."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.command import done, windlass
from windlass.ids import uuid7

FLOWS = '''\
from windlass import flow

@flow(name="{name}")
def greet(name: str = "world", times: int = 1) -> str:
    """Say hello."""
    return f"Hello, {{name}}!" * times
'''
PROJECT = """\
deployments:
- name: one
  entrypoint: flows.py:greet
  work_pool: &pool
    name: {pool}
  tags: [file]
  schedules:
  - {{cron: "0 9 * * *", timezone: Europe/Berlin, slug: nightly}}
  - {{interval: 3600}}
- name: two
  entrypoint: flows.py:greet
  work_pool: *pool
  parameters: {{name: Bo}}
"""


@pytest.fixture
def flow_name(pool: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A flow of its own name, in a project that is the working directory."""
    name = f"greet-{uuid7()}"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flows.py").write_text(FLOWS.format(name=name))
    (tmp_path / "windlass.yaml").write_text(PROJECT.format(pool=pool))
    return name


def inspected(name: str) -> dict[str, Any]:
    """The deployment as the server has it."""
    return done("deployment", "inspect", name, "--output", "json").json


def run_of(*arguments: str) -> dict[str, Any]:
    """The flow run that the command makes."""
    said = done("deployment", "run", *arguments).out
    id = said.split("(", 1)[1].split(")", 1)[0]
    return done("flow-run", "inspect", id, "-o", "json").json


def test_a_deployment_retries_infrastructure_as_it_is_told(flow_name: str) -> None:
    options = ("--infrastructure-retries", "2", "--infrastructure-retry-cause", "ended")
    done("deploy", "--name", "one", *options, "--infrastructure-retry-longest-delay", "30")
    policy = inspected(f"{flow_name}/one")["infrastructure_retry"]
    assert (policy["max_retries"], policy["longest_delay_seconds"]) == (2, 30)
    assert (policy["delay_seconds"], policy["causes"]) == (10, ["ended"])


def test_a_project_is_deployed(flow_name: str, pool: str, tmp_path: Path) -> None:
    said = done("deploy", "--all").out
    assert f"windlass deployment run '{flow_name}/one'" in said
    assert f"windlass worker start --pool '{pool}'" in said
    one, two = inspected(f"{flow_name}/one"), inspected(f"{flow_name}/two")
    assert (one["tags"], one["description"], one["work_pool_name"]) == (
        ["file"],
        "Say hello.",
        pool,
    )
    assert {each["slug"] for each in one["schedules"]} == {"nightly", None}
    assert two["parameters"] == {"name": "Bo"}
    (step,) = one["pull_steps"]
    assert step == {"prefect.deployments.steps.set_working_directory": {"directory": str(tmp_path)}}


def test_deploying_again_changes_what_is_said(flow_name: str) -> None:
    done("deploy", "--name", "one")
    done("deploy", "--name", "one", "--tag", "line", "--cron", "@daily", "--description", "other")
    one = inspected(f"{flow_name}/one")
    assert (one["tags"], one["description"]) == (["line"], "other")
    assert [each["schedule"]["cron"] for each in one["schedules"]] == ["@daily"]
    done("deploy", "--name", "two")
    assert inspected(f"{flow_name}/two")["schedules"] == []


def test_a_flow_is_deployed_without_a_file(flow_name: str, pool: str, tmp_path: Path) -> None:
    (tmp_path / "windlass.yaml").unlink()
    given = ("--interval", "60", "--param", "times=2", "-jv", 'env={"A": "b"}')
    done("deploy", "flows.py:greet", "--name", "three", "--pool", pool, *given)
    three = inspected(f"{flow_name}/three")
    assert (three["entrypoint"], three["parameters"]) == ("flows.py:greet", {"times": 2})
    assert three["job_variables"] == {"env": {"A": "b"}}


@pytest.mark.usefixtures("flow_name")
@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        ((), 2, "Say which deployment with --name, or --all: one, two."),
        (("--name", "three"), 1, "There is no deployment 'three'"),
        (("flows.py:nobody", "-n", "x", "-p", "p"), 1, "names no flow"),
        (("nowhere.py:greet", "-n", "x", "-p", "p"), 1, "names a file that is not here"),
        (("flows.py:greet", "-n", "x", "-p", "no-such"), 1, "There is no work pool named"),
        (("flows.py:greet", "-n", "x"), 1, "has no work pool"),
        (("flows.py:greet",), 2, "Give the deployment of the flow a --name."),
        (("--prefect-file", "no.yaml", "--all"), 1, "no.yaml cannot be read"),
        (("-n", "one", "--param", "times=many"), 1, "`times`"),
    ],
)
def test_what_cannot_be_deployed_is_told_in_a_sentence(
    arguments: tuple[str, ...], code: int, reason: str
) -> None:
    said = windlass("deploy", *arguments)
    assert said.code == code
    assert reason in said.err
    assert "Traceback" not in said.err


def test_a_flow_file_that_raises_is_told_in_a_sentence(flow_name: str, tmp_path: Path) -> None:
    del flow_name
    (tmp_path / "flows.py").write_text("import no_such_module\n")
    said = windlass("deploy", "--name", "one")
    assert said.code == 1
    assert "No module named 'no_such_module'" in said.err
    assert "Traceback" not in said.err


def test_deployments_are_listed_by_flow(flow_name: str) -> None:
    done("deploy", "--all")
    listed = done("deployment", "ls", "--flow-name", flow_name, "-o", "json").json
    assert {each["name"] for each in listed} == {"one", "two"}
    said = done("deployment", "ls", "--flow-name", flow_name).out
    assert "cron 0 9 * * * (Europe/Berlin)" in said


def test_a_run_is_what_was_asked_for(flow_name: str) -> None:
    done("deploy", "--name", "one")
    run = run_of(
        f"{flow_name}/one",
        *("--params", '{"name": "Ada", "times": 1}', "--param", "times=3"),
        *("--tag", "x", "--flow-run-name", "{name}-{times}", "-jv", "env.A=b"),
    )
    assert run["name"] == "Ada-3"
    assert run["parameters"] == {"name": "Ada", "times": 3}
    assert set(run["tags"]) == {"file", "x"}
    assert run["job_variables"] == {"env": {"A": "b"}}
    assert run["state_name"] == "Scheduled"


def test_parameters_are_read_from_the_standard_input(flow_name: str) -> None:
    done("deploy", "--name", "one")
    said = done("deployment", "run", f"{flow_name}/one", "--params", "-", typed='{"name": "Bo"}')
    id = said.out.split("(", 1)[1].split(")", 1)[0]
    assert done("flow-run", "inspect", id, "-o", "json").json["parameters"] == {"name": "Bo"}


def test_a_run_starts_later(flow_name: str) -> None:
    done("deploy", "--name", "one")
    said = done("deployment", "run", f"{flow_name}/one", "--start-in", "in 2 hours").out
    assert "due in 2 hours" in said
    id = inspected(f"{flow_name}/one")["id"]
    at = done("deployment", "run", "--id", id, "--start-at", "tomorrow at 9am").out
    assert "due in" in at


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (("--param", "nme=x"), 2, "takes no parameter 'nme'; it takes 'name', 'times'"),
        (("--param", "times=many"), 1, "`times`"),
        (("--start-in", "soon"), 2, "is not a number and a unit"),
        (("--start-at", "2020-01-01"), 2, "is over"),
        (("--start-in", "1h", "--start-at", "tomorrow"), 2, "not both"),
        (("--flow-run-name", "{nobody}"), 2, "cannot be filled in"),
        (("--params", "[1]"), 2, "is not a mapping"),
    ],
)
def test_a_run_that_cannot_be_is_refused(
    arguments: tuple[str, ...], code: int, reason: str, flow_name: str
) -> None:
    done("deploy", "--name", "one")
    said = windlass("deployment", "run", f"{flow_name}/one", *arguments)
    assert said.code == code
    assert reason in said.err
    assert done("flow-run", "ls", "--flow-name", flow_name, "--state", "running").out


@pytest.mark.usefixtures("api")
@pytest.mark.parametrize(("name", "code"), [(("a-flow/no-such",), 1), (("no-slash",), 2), ((), 2)])
def test_a_deployment_that_is_not_there_is_told(name: tuple[str, ...], code: int) -> None:
    assert windlass("deployment", "run", *name).code == code


def test_schedules_are_added_replaced_and_taken_away(flow_name: str) -> None:
    name = f"{flow_name}/two"
    done("deploy", "--name", "two")
    done("deployment", "schedule", "create", name, "--cron", "0 9 * * *", "--timezone", "UTC")
    done("deployment", "schedule", "create", name, "--interval", "60", "--inactive")
    listed = done("deployment", "schedule", "ls", name, "-o", "json").json
    assert sorted(each["active"] for each in listed) == [False, True]
    assert "every 0:01:00" in done("deployment", "schedule", "ls", name).out
    done("deployment", "schedule", "delete", name, listed[0]["id"])
    assert len(inspected(name)["schedules"]) == 1
    done("deployment", "schedule", "create", name, "--rrule", "FREQ=DAILY", "--replace", "-y")
    (only,) = inspected(name)["schedules"]
    assert only["schedule"]["rrule"] == "FREQ=DAILY"
    done("deployment", "schedule", "clear", name, "--accept-yes")
    assert inspected(name)["schedules"] == []


def test_a_schedule_is_paused_and_resumed(flow_name: str) -> None:
    name = f"{flow_name}/one"
    done("deploy", "--name", "one")
    id = inspected(name)["schedules"][0]["id"]

    def active() -> dict[str, bool]:
        return {each["id"]: each["active"] for each in inspected(name)["schedules"]}

    done("deployment", "schedule", "pause", name, id)
    assert sorted(active().values()) == [False, True]
    done("deployment", "schedule", "resume", name, id)
    assert all(active().values())
    said = windlass("deployment", "schedule", "pause", name, str(uuid7()))
    assert (said.code, "has no schedule" in said.err) == (1, True)


def test_all_schedules_are_paused_and_resumed(flow_name: str) -> None:
    done("deploy", "--name", "one")
    said = done("deployment", "schedule", "pause", "--all").out.splitlines()
    assert said.count(f"Paused schedule for deployment {flow_name}/one") == 2
    assert said[-1] == f"Paused {len(said) - 1} deployment schedule(s)."
    assert not any(each["active"] for each in inspected(f"{flow_name}/one")["schedules"])
    assert windlass("--prompt", "deployment", "schedule", "resume", "--all", typed="n\n").code == 1
    done("deployment", "schedule", "resume", "--all")
    assert all(each["active"] for each in inspected(f"{flow_name}/one")["schedules"])


def test_a_deployment_is_deleted(flow_name: str) -> None:
    done("deploy", "--all")
    id = inspected(f"{flow_name}/two")["id"]
    done("deployment", "delete", f"{flow_name}/one")
    done("deployment", "delete", "--id", id)
    assert done("deployment", "ls", "--flow-name", flow_name, "-o", "json").json == []
    assert windlass("deployment", "delete", f"{flow_name}/one").code == 1
