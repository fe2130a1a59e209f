"""J3: one prefect.yaml and many deployments, whose code is cloned for every run."""

import shutil
import subprocess
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.compat.journeys.wheels import bundled_pip, make_wheel
from tests.compat.stock_client import PATIENCE, Stock
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(180)

DEPLOY = ["--no-prompt", "deploy"]


@pytest.fixture(scope="module")
def user(stock: Stock) -> Stock:
    """Somebody in a project under git, with a pool, and with pip beside the package."""
    project = stock.folder / "journeys" / "j03_project"
    shutil.copytree(project, stock.folder, dirs_exist_ok=True)
    wheel = make_wheel(stock.folder, 'WORD = "hello"')
    (stock.folder / "requirements.txt").write_text(f"./{wheel.name}\n")
    remote = stock.folder / "repo.git"
    for command in (
        f"init -q --bare {remote}",
        f"init -q -b main {stock.folder}",
        f"remote add origin file://{remote}",
        f"add flows requirements.txt {wheel.name}",
        "commit -q -m first",
        "push -q origin main",
    ):
        _git(stock.folder, command)
    source = stock.folder / "flows" / "a.py"
    source.write_text(source.read_text().replace('"main"', '"next"'))
    for command in ("commit -q -a -m second", "push -q origin main:next"):
        _git(stock.folder, command)
    installed = stock.folder / "installed"
    installed.mkdir()
    return stock.with_settings(
        TAG="nightly",
        # The environment has no pip of its own, and stays as it is.
        PYTHONPATH=f"{bundled_pip()}:{installed}",
        PIP_NO_INDEX="1",
        PIP_TARGET=str(installed),
    )


@pytest.fixture(scope="module")
def said(user: Stock) -> list[str]:
    """What the CLI printed on the way: a pool, a first file, some deployments, all of them."""
    template = (user.folder / "prefect.yaml").read_text()
    (user.folder / "prefect.yaml").unlink()
    made = user.commands(
        ["work-pool", "create", "my-pool", "--type", "process"],
        ["variable", "set", "branch", "main"],
        ["init", "--recipe", "git"],
    )
    made.append((user.folder / "prefect.yaml").read_text())
    elsewhere = user.folder / "elsewhere"
    shutil.copytree(user.folder / "flows", elsewhere / "flows")
    (user.folder / "prefect.yaml").write_text(
        template.replace("REPOSITORY", str(user.folder / "repo.git")).replace(
            "ELSEWHERE", str(elsewhere)
        )
    )
    made += user.commands([*DEPLOY, "-n", "my-flow/*", "-n", "dep*prod"])
    made.append(" ".join(_deployments(user)))
    made += user.commands([*DEPLOY, "--all", "--tag", "ignored"])
    return made


@pytest.fixture(scope="module")
def deployments(user: Stock, said: list[str]) -> dict[str, dict[str, Any]]:
    """The deployments by name."""
    assert said
    return _deployments(user)


@pytest.fixture(scope="module")
def worker(user: Stock, deployments: dict[str, dict[str, Any]]) -> Iterator[None]:
    """A worker of the pool."""
    assert deployments
    with user.running("worker", "prefect", "worker", "start", "-p", "my-pool"):
        yield


def test_j03_patterns_choose_what_is_deployed(said: list[str]) -> None:
    recipe, chosen = said[3], said[5]
    assert "prefect.deployments.steps.git_clone" in recipe
    assert "repo.git" in recipe
    assert chosen == "dep-prod"


def test_j03_all_deployments_of_the_file_are_registered(
    deployments: dict[str, dict[str, Any]],
) -> None:
    assert deployments.keys() == {"dep-prod", "dep-dev", "dep-own"}
    for deployment in deployments.values():
        assert deployment["work_pool_name"] == "my-pool"
        assert deployment["job_variables"] == {"env": {"TAG": "nightly"}}
        assert deployment["tags"] == [], "flags of the command are for one deployment only"
    prod = deployments["dep-prod"]
    assert (prod["entrypoint"], prod["parameters"]) == ("flows/a.py:my_flow", {"n": 42})
    (schedule,) = prod["schedules"]
    assert schedule["schedule"]["interval"] == 600


def test_j03_references_to_variables_stay_in_the_pull_steps(
    deployments: dict[str, dict[str, Any]],
) -> None:
    clone, install = deployments["dep-prod"]["pull_steps"]
    assert clone["prefect.deployments.steps.git_clone"]["branch"] == (
        "{{ prefect.variables.branch }}"
    )
    assert install["prefect.deployments.steps.pip_install_requirements"]["directory"] == (
        "{{ clone.directory }}"
    )
    (own,) = deployments["dep-own"]["pull_steps"]
    assert own.keys() == {"prefect.deployments.steps.set_working_directory"}


def test_j03_a_schedule_in_the_file_makes_runs(
    user: Stock, deployments: dict[str, dict[str, Any]]
) -> None:
    assert deployments
    runs = wait_until(
        lambda: [run for run in user.flow_runs_of("my-flow/dep-prod") if run["auto_scheduled"]],
        timeout=PATIENCE,
        description="scheduled runs",
    )
    due = sorted(datetime.fromisoformat(run["expected_start_time"]) for run in runs)
    assert {(later - earlier).total_seconds() for earlier, later in pairwise(due)} == {600}


@pytest.mark.usefixtures("worker")
def test_j03_a_run_clones_the_branch_that_the_variable_names_then(user: Stock) -> None:
    run = ["deployment", "run"]
    user.commands([*run, "my-flow/dep-prod"], [*run, "other-flow/dep-own"])
    first = _asked_for(user, "my-flow/dep-prod", set())
    _see(user, first, "hello from a: main 42 nightly")
    _see(user, _asked_for(user, "other-flow/dep-own", set()), "/elsewhere")

    user.commands(["variable", "set", "branch", "next", "--overwrite"], [*run, "my-flow/dep-prod"])
    second = _asked_for(user, "my-flow/dep-prod", {first})
    _see(user, second, "hello from a: next 42 nightly")


def test_j03_what_is_missing_is_said_and_not_asked_for(
    user: Stock, deployments: dict[str, dict[str, Any]]
) -> None:
    refused = user.refused(*DEPLOY, "flows/a.py:my_flow", "-n", "no-pool")
    assert "work pool" in refused
    assert _deployments(user).keys() == deployments.keys()


def _deployments(user: Stock) -> dict[str, dict[str, Any]]:
    return {found["name"]: found for found in user.server.post("deployments/filter")}


def _asked_for(user: Stock, deployment: str, seen: set[str]) -> str:
    """The run of the deployment that somebody asked for, beside those that were seen before."""
    runs = user.flow_runs_of(deployment)
    (id,) = {run["id"] for run in runs if not run["auto_scheduled"]} - seen
    return id


def _see(user: Stock, flow_run_id: str, message: str) -> None:
    run = user.wait_for_state(flow_run_id, "Completed", "Failed", "Crashed")
    assert run["state_name"] == "Completed", (user.folder / "worker.log").read_text()
    user.wait_for_log(flow_run_id, message)


def _git(folder: Path, command: str) -> None:
    who = ["-c", "user.name=ann", "-c", "user.email=ann@example.org"]
    subprocess.run(["git", "-C", str(folder), *who, *command.split()], check=True)
