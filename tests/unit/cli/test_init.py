"""`windlass init`, which needs no server."""

from pathlib import Path

import pytest
import yaml

from tests.support.command import done, windlass
from tests.support.repositories import Commits, git
from windlass.deployments.base import create_default_prefect_yaml, initialize_project
from windlass.deployments.project import read_project

CLONE = "prefect.deployments.steps.git_clone"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory of its own, which is in no repository."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    return project


def test_a_directory_becomes_a_project(here: Path) -> None:
    said = done("init")
    assert "by the recipe 'local'. New: windlass.yaml, .prefectignore." in said.out
    project = read_project(here / "windlass.yaml")
    step = {"prefect.deployments.steps.set_working_directory": {"directory": str(here)}}
    assert project.actions == {"build": None, "push": None, "pull": [step]}
    assert yaml.safe_load((here / "windlass.yaml").read_text())["name"] == "project"
    assert ".git/" in (here / ".prefectignore").read_text()


def test_a_repository_is_cloned_by_its_runs(tmp_path: Path, here: Path) -> None:
    made = Commits(tmp_path / "it.git", tmp_path / "author")
    made.commit("first", {"a": "1"})
    git(here, "init", "--quiet", "--initial-branch=main")
    git(here, "remote", "add", "origin", "https://me:s3cret@example.com/org/it.git")
    done("init", "--name", "mine")
    text = (here / "windlass.yaml").read_text()
    assert yaml.safe_load(text)["name"] == "mine"
    [step] = yaml.safe_load(text)["pull"]
    assert step == {CLONE: {"repository": "https://example.com/org/it.git", "branch": "main"}}
    assert "s3cret" not in text


def test_fields_are_said(here: Path) -> None:
    fields = ("-f", "repository=https://example.com/x.git", "-f", "branch=b=c")
    done("init", "--recipe", "git", *fields)
    [step] = yaml.safe_load((here / "windlass.yaml").read_text())["pull"]
    assert step == {CLONE: {"repository": "https://example.com/x.git", "branch": "b=c"}}


@pytest.mark.parametrize("name", ["windlass.yaml", "prefect.yaml"])
def test_a_file_that_is_there_stays(here: Path, name: str) -> None:
    (here / name).write_text("deployments: []\n")
    done("init")
    assert (here / name).read_text() == "deployments: []\n"
    assert done("init").out == "This directory is a project already: nothing was written.\n"
    assert not create_default_prefect_yaml(".")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--recipe", "docker"), 1, "There is no recipe 'docker'; there are: git, local."),
        (("--recipe", "git"), 2, "Say the URL of the repository with --field repository=VALUE."),
        (("--recipe", "local", "-f", "bucket=b"), 1, "has no field 'bucket'"),
        (("-f", "oops"), 2, "'oops' is not of the form NAME=VALUE"),
    ],
)
def test_what_cannot_be_made_is_told(
    here: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    said = windlass("--no-prompt", "init", *arguments)
    assert (said.code, words in said.err) == (code, True), said
    assert list(here.iterdir()) == []


def test_the_same_is_there_in_python(here: Path) -> None:
    assert initialize_project(name="n", recipe="local", inputs={"directory": "/x"}) == [
        "windlass.yaml",
        ".prefectignore",
    ]
    [step] = yaml.safe_load((here / "windlass.yaml").read_text())["pull"]
    assert step == {"prefect.deployments.steps.set_working_directory": {"directory": "/x"}}
    with pytest.raises(ValueError, match="There is no recipe"):
        initialize_project(recipe="no-such")
