"""The step `git_clone`, with repositories of this machine."""

import subprocess
from pathlib import Path

import pytest

from tests.support.repositories import Commits, git, serving_repositories
from windlass.deployments.steps import agit_clone, git_clone
from windlass.deployments.steps.core import StepExecutionError, run_step
from windlass.exceptions import ConfigurationError
from windlass.utilities.commands import CommandFailed


@pytest.fixture
def commits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commits:
    """A bare repository `project.git`, and another directory that is the working directory."""
    made = Commits(tmp_path / "project.git", tmp_path / "author")
    made.commit("first", {"flows.py": "1", "a/x.py": "a", "b/y.py": "b"})
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return made


def test_a_repository_is_cloned_into_the_working_directory(commits: Commits) -> None:
    answer = git_clone(commits.url)
    assert answer == {"directory": str(Path.cwd() / "project")}
    assert Path("project/flows.py").read_text() == "1"


async def test_it_is_awaited_in_asynchronous_code(commits: Commits) -> None:
    answer = await agit_clone(commits.url)
    assert answer["directory"].endswith("/project")


def test_a_clone_that_is_there_is_brought_up_to_date(commits: Commits) -> None:
    git_clone(commits.url)
    commits.commit("second", {"flows.py": "2"})
    git_clone(commits.url)
    assert Path("project/flows.py").read_text() == "2"


def test_history_that_was_rewritten_is_followed(commits: Commits) -> None:
    git_clone(commits.url)
    commits.commit("other", {"flows.py": "3"}, amend=True)
    git_clone(commits.url)
    assert Path("project/flows.py").read_text() == "3"


def test_a_branch_has_a_directory_of_its_own(commits: Commits) -> None:
    commits.commit("on a branch", {"flows.py": "branch"}, branch="feature/one")
    answer = git_clone(commits.url, branch="feature/one")
    assert answer["directory"].endswith("/project-feature-one")
    assert Path("project-feature-one/flows.py").read_text() == "branch"


@pytest.mark.parametrize("length", [40, 8])
def test_a_commit_is_checked_out(commits: Commits, length: int) -> None:
    old = git(commits.author, "rev-parse", "HEAD")
    commits.commit("second", {"flows.py": "2"})
    git_clone(commits.url, commit_sha=old[:length])
    assert Path("project/flows.py").read_text() == "1"


def test_the_repository_of_a_hook_is_left_alone(
    commits: Commits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Commits(tmp_path / "other.git", tmp_path / "other")
    other.commit("its own", {"flows.py": "other"})
    monkeypatch.setenv("GIT_DIR", str(other.author / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.author / ".git/index"))
    git_clone(commits.url)
    assert Path("project/flows.py").read_text() == "1"
    assert git(other.author, "remote", "get-url", "origin") == str(other.bare)
    assert git(other.author, "status", "--porcelain") == ""


def test_only_some_directories_are_brought(commits: Commits) -> None:
    git_clone(commits.url, directories=["a"])
    assert Path("project/a/x.py").exists()
    assert not Path("project/b").exists()
    git_clone(commits.url, directories=["b"])
    assert Path("project/b/y.py").exists()
    git_clone(commits.url)
    assert Path("project/a/x.py").exists()


def test_submodules_come_with_it(
    commits: Commits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "protocol.file.allow")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "always")
    inner = Commits(tmp_path / "inner.git", tmp_path / "inner")
    inner.commit("inner", {"z.py": "z"})
    git(commits.author, "submodule", "add", inner.url, "part")
    commits.commit("with a part", {"flows.py": "2"})
    git_clone(commits.url)
    assert not Path("project/part/z.py").exists()
    git_clone(commits.url, include_submodules=True)
    assert Path("project/part/z.py").read_text() == "z"


def test_what_was_changed_by_hand_is_not_lost(commits: Commits) -> None:
    git_clone(commits.url)
    Path("project/flows.py").write_text("mine")
    commits.commit("second", {"flows.py": "2"})
    with pytest.raises(CommandFailed, match=r"`git` exited .* overwritten"):
        git_clone(commits.url)
    assert Path("project/flows.py").read_text() == "mine"


def test_a_directory_that_is_something_else_is_left_alone(commits: Commits, tmp_path: Path) -> None:
    Path("project").mkdir()
    with pytest.raises(ConfigurationError, match="no clone of"):
        git_clone(commits.url)
    Path("project").rmdir()
    other = Commits(tmp_path / "other" / "project.git", tmp_path / "author-2")
    other.commit("first", {"flows.py": "other"})
    git_clone(other.url)
    with pytest.raises(ConfigurationError, match=r"is a clone of .*other"):
        git_clone(commits.url)


def test_a_repository_that_is_not_there_leaves_nothing_behind(commits: Commits) -> None:
    with pytest.raises(subprocess.CalledProcessError, match="`git` exited with status 128"):
        git_clone(f"{commits.url}-nowhere")
    with pytest.raises(CommandFailed):
        git_clone(commits.url, branch="no-such")
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"branch": "a", "commit_sha": "b"}, "not both"),
        ({"access_token": "a", "credentials": {"token": "b"}}, "not both"),
        ({"branch": "--upload-pack=x"}, "an option of git"),
        ({"access_token": "a"}, "https"),
        ({"repository": "https://host/x", "credentials": {"username": "me"}}, "have no token"),
    ],
)
def test_inputs_that_contradict_are_told(
    commits: Commits, inputs: dict[str, object], words: str
) -> None:
    step = {"prefect.deployments.steps.git_clone": {"repository": commits.url, **inputs}}
    with pytest.raises(StepExecutionError, match=words):
        run_step(step)


def test_a_token_opens_a_repository_and_is_written_nowhere(commits: Commits) -> None:
    with serving_repositories(commits.bare.parent, "me", "s3cret") as address:
        url = f"{address}/project.git"
        git_clone(url, credentials={"username": "me", "token": "s3cret"})
        git_clone(url.replace("//", "//me:s3cret@"), branch="main")
        git_clone(url, access_token="me:s3cret\n")
        with pytest.raises(CommandFailed) as refused:
            git_clone(url.replace("//", "//me:wr0ng@"), branch="other")
    for name in ("project", "project-main"):
        assert Path(name, "flows.py").read_text() == "1"
        assert "s3cret" not in Path(name, ".git/config").read_text()
    assert "wr0ng" not in f"{refused.value} {refused.value.cmd}"
