"""`{{ prefect.variables.x }}` in a project's file, in pull steps, and in the jobs of runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import CommandProcess, done, windlass, windlass_process
from tests.support.waiting import wait_until
from windlass.deployments.steps.core import StepExecutionError, run_step
from windlass.ids import uuid7
from windlass.variables import Variable

FLOW = """\
import os
from pathlib import Path
from windlass import flow, get_run_logger

@flow
def where() -> None:
    get_run_logger().info(f"in {Path.cwd().name} of {os.environ['REGION']}")
"""
PROJECT = """\
pull:
- prefect.deployments.steps.set_working_directory:
    directory: "{folder}/{{{{ prefect.variables.branch }}}}"
deployments:
- name: here
  entrypoint: flows.py:where
  tags: ["{{{{ windlass.variables.stage }}}}", "on-{{{{ prefect.variables.stage }}}}"]
  work_pool:
    name: {pool}
"""


@pytest.fixture
def worker(api: str, pool: str, tmp_path: Path) -> Iterator[CommandProcess]:
    """A worker of the pool."""
    command = ("worker", "start", "--pool", pool)
    settings = {
        "WINDLASS_API_URL": api,
        "WINDLASS_HOME": str(tmp_path / "home"),
        "WINDLASS_WORKER_QUERY_SECONDS": "1",
    }
    with windlass_process(tmp_path / "worker.log", *command, **settings) as worker:
        wait_until(lambda: worker.said("started!"), timeout=20, description="the worker to start")
        yield worker


@pytest.fixture
def project(pool: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a project, and with its flow in two branches."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "windlass.yaml").write_text(PROJECT.format(folder=tmp_path, pool=pool))
    for folder in (tmp_path, tmp_path / "main", tmp_path / "next"):
        folder.mkdir(exist_ok=True)
        (folder / "flows.py").write_text(FLOW)
    return tmp_path


@pytest.mark.usefixtures("worker", "project")
def test_what_a_deployment_refers_to_is_looked_up_when_it_is_needed() -> None:
    for name, value in {"branch": "main", "stage": "test", "region": "eu"}.items():
        Variable.set(name, value, overwrite=True)
    done("deploy", "--all")
    deployed = done("deployment", "inspect", "where/here", "-o", "json").json
    assert sorted(deployed["tags"]) == ["on-test", "test"]
    (pull,) = deployed["pull_steps"]
    assert "{{ prefect.variables.branch }}" in str(pull), "it is looked up at run time"

    region = ("--job-variable", "env.REGION={{ prefect.variables.region }}")
    run = ("deployment", "run", "where/here", *region, "--watch")
    assert "in main of eu" in done(*run).out
    Variable.set("branch", "next", overwrite=True)
    Variable.set("region", "us", overwrite=True)
    assert "in next of us" in done(*run).out, "without a new deployment"

    Variable.unset("region")
    failed = windlass(*run)
    assert failed.code == 1
    assert "`{{ prefect.variables.region }}` refers to something that is not on" in failed.out


def test_a_reference_to_a_variable_that_is_not_there_is_refused(project: Path) -> None:
    Variable.unset("stage")
    refused = windlass("deploy", "--all")
    assert (refused.code, "variables.stage }}`" in refused.err) == (1, True)


@pytest.mark.usefixtures("api")
def test_the_inputs_of_a_step_are_looked_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    name = f"v-{uuid7()}"
    inputs = {"directory": f"{{{{ prefect.variables.{name} }}}}"}
    step = {"prefect.deployments.steps.set_working_directory": inputs}
    with pytest.raises(StepExecutionError, match=name):
        run_step(step)
    Variable.set(name, str(tmp_path))
    assert run_step(step) == {"directory": str(tmp_path)}
