"""The steps of `windlass.yaml`: at the deploy, and when a worker runs the deployment."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import done, windlass, windlass_process
from tests.support.repositories import Commits, serving_repositories
from windlass import flow
from windlass.blocks.system import Secret
from windlass.ids import uuid7
from windlass.runner.storage import GitRepository

FLOWS = """\
from pathlib import Path
from windlass import flow

@flow(name="{name}")
def tell() -> None:
    print(Path(__file__).read_text().count("new"), Path.cwd(), flush=True)
    Path({place!r}).write_text(str(Path.cwd()))
"""
PROJECT = """\
build:
- prefect.deployments.steps.run_shell_script:
    id: version
    script: echo 1.2.3
    stream_output: false
push:
- windlass.deployments.steps.run_shell_script:
    script: touch pushed-{{{{ version.stdout }}}}
pull:
- prefect.deployments.steps.git_clone:
    id: clone
    repository: {url}
    branch: main
    access_token: "{{{{ prefect.blocks.secret.{name} }}}}"
- prefect.deployments.steps.run_shell_script:
    script: touch after
    directory: "{{{{ clone.directory }}}}"
- prefect.deployments.steps.set_working_directory:
    directory: "{{{{ clone.directory }}}}"
deployments:
- name: one
  version: "{{{{ version.stdout }}}}"
  entrypoint: flows.py:tell
  work_pool: {{name: {pool}}}
"""


@pytest.fixture
def name(api: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a flow in the repository `it.git`, and in the working directory."""
    del api
    made = f"tell-{uuid7()}"
    text = FLOWS.format(name=made, place=str(tmp_path / "place"))
    Commits(tmp_path / "it.git", tmp_path / "author").commit("first", {"flows.py": text})
    (tmp_path / "here").mkdir()
    (tmp_path / "here/flows.py").write_text(text)
    monkeypatch.chdir(tmp_path / "here")
    return made


def carried_out(full_name: str, pool: str) -> dict[str, Any]:
    """A run of a deployment, after a worker took it."""
    done("deployment", "run", full_name)
    with windlass_process(Path("log"), "worker", "start", "--pool", pool, "--run-once") as worker:
        assert worker.running.wait(60) == 0
    [run] = done(
        "flow-run", "ls", "--flow-name", full_name.split("/", maxsplit=1)[0], "-o", "json"
    ).json
    return run


def test_a_worker_runs_the_code_of_a_repository(name: str, pool: str, tmp_path: Path) -> None:
    Secret[str].model_validate({"value": "me:s3cret"}).save(name)
    with serving_repositories(tmp_path, "me", "s3cret") as address:
        url = f"{address}/it.git"
        Path("windlass.yaml").write_text(PROJECT.format(url=url, name=name, pool=pool))
        done("deploy", "--all")
        assert Path("pushed-1.2.3").exists()
        deployment = done("deployment", "inspect", f"{name}/one", "-o", "json").json
        run = carried_out(f"{name}/one", pool)
    assert deployment["version"] == "1.2.3"
    assert "s3cret" not in json.dumps(deployment)
    assert run["state"]["type"] == "COMPLETED", Path("log").read_text()
    place = (tmp_path / "place").read_text()
    assert place.endswith("/it-main")
    assert "s3cret" not in done("flow-run", "logs", run["id"]).out + Path("log").read_text()


def test_a_flow_of_a_repository_is_deployed_in_python(name: str, pool: str, tmp_path: Path) -> None:
    storage = GitRepository(f"file://{tmp_path}/it.git")
    flow.from_source(storage, "flows.py:tell").deploy("two", work_pool_name=pool)
    run = carried_out(f"{name}/two", pool)
    assert run["state"]["type"] == "COMPLETED", Path("log").read_text()
    assert (tmp_path / "place").read_text().endswith("/it")


def test_a_clone_that_fails_is_the_reason_of_the_crash(name: str, pool: str) -> None:
    Secret[str].model_validate({"value": "me:s3cret"}).save(name)
    url = "http://me:hidden@127.0.0.1:1/it.git"
    text = PROJECT.format(url=url, name=name, pool=pool)
    Path("windlass.yaml").write_text(text)
    done("deploy", "--all")
    run = carried_out(f"{name}/one", pool)
    assert run["state"]["type"] == "CRASHED"
    message = run["state"]["message"]
    assert "git_clone` failed: CommandFailed: `git` exited with status 128" in message
    said = done("flow-run", "logs", run["id"]).out + Path("log").read_text() + message
    assert "s3cret" not in said
    assert "hidden" not in said


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("prefect_docker.deployments.steps.build_docker_image: {}", "no steps that build or push"),
        ("prefect.deployments.steps.run_shell_script: {script: false}", "failed"),
        ("prefect.deployments.steps.run_shell_script: {script: \"sh -c 'exit 3'\"}", "status 3"),
    ],
)
def test_nothing_is_deployed_where_a_step_fails(
    name: str, pool: str, step: str, words: str
) -> None:
    text = PROJECT.format(url="file:///x", name=name, pool=pool)
    _, _, rest = text.partition("push:")
    Path("windlass.yaml").write_text(f"build:\n- {step}\npush:{rest}")
    said = windlass("deploy", "--all")
    assert said.code == 1
    assert words in said.err
    assert "Traceback" not in said.err
    assert windlass("deployment", "inspect", f"{name}/one").code == 1
