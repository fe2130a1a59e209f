"""`GitRepository`, and flows that come from a repository."""

from pathlib import Path
from typing import Any, cast

import pytest

from tests.support.repositories import Commits, serving_repositories
from windlass import flow
from windlass.blocks.core import Block
from windlass.blocks.system import Secret
from windlass.deployments.steps.core import run_step
from windlass.exceptions import ConfigurationError
from windlass.runner.storage import GitRepository, create_storage_from_source

CLONE = "prefect.deployments.steps.git_clone"
FLOWS = """\
from windlass import flow

@flow(name="from-afar")
def far_away(times: int = 1) -> str:
    return "far" * times
"""


class HubCredentials(Block):
    """A token of a host of repositories."""

    _block_type_slug = "hub-credentials"
    token: str


@pytest.fixture
def commits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commits:
    """A repository with a flow, and another directory that is the working directory."""
    made = Commits(tmp_path / "project.git", tmp_path / "author")
    made.commit("first", {"inner/flows.py": FLOWS})
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return made


def saved_secret(name: str) -> Secret[str]:
    """A block as it is once it was saved under a name."""
    secret = Secret[str].model_validate({"value": "s3cret"})
    secret._block_document_name = name  # pyright: ignore[reportPrivateUsage]
    return secret


def test_code_is_pulled(commits: Commits, tmp_path: Path) -> None:
    storage = GitRepository(commits.url, branch="main")
    assert storage.destination == Path.cwd() / "project-main"
    storage.set_base_path(tmp_path / "base")
    storage.pull_code()
    assert (tmp_path / "base/project-main/inner/flows.py").exists()
    assert GitRepository(commits.url, name="other").destination == Path.cwd() / "other"


def test_a_flow_comes_from_a_repository(commits: Commits) -> None:
    loaded = flow.from_source(commits.url, "inner/flows.py:far_away")
    made = loaded.to_deployment("one")
    assert (made.entrypoint, made.flow_name) == ("inner/flows.py:far_away", "from-afar")
    assert made.source.pull_steps() == [{CLONE: {"repository": commits.url}}]
    assert not list(Path.cwd().iterdir())
    [step] = made.source.pull_steps()
    assert (Path(str(run_step(step)["directory"])) / "inner/flows.py").exists()


async def test_it_is_awaited_in_asynchronous_code(commits: Commits) -> None:
    storage = GitRepository(commits.url, directories=["inner"])
    loaded = await cast(Any, flow.from_source(storage, "inner/flows.py:far_away"))
    made = await loaded.to_deployment("one")
    assert made.source.storage is storage


def test_a_step_refers_to_the_token(commits: Commits, tmp_path: Path) -> None:
    secret, url = saved_secret("hub"), "https://example.com/it.git"
    reference = "{{ prefect.blocks.secret.hub }}"
    alone = GitRepository(url, credentials={"access_token": secret}, commit_sha="abc")
    assert alone.to_pull_step() == {
        CLONE: {"repository": url, "commit_sha": "abc", "access_token": reference}
    }
    both = GitRepository(url, credentials={"username": "me", "access_token": secret})
    login = {"username": "me", "access_token": reference}
    assert both.to_pull_step() == {CLONE: {"repository": url, "credentials": login}}
    block = HubCredentials(token="s3cret")
    block._block_document_name = "mine"  # pyright: ignore[reportPrivateUsage]
    whole = GitRepository(url, credentials=block, branch="b", include_submodules=True)
    assert whole.to_pull_step()[CLONE]["credentials"] == "{{ prefect.blocks.hub-credentials.mine }}"
    with serving_repositories(tmp_path, "me", "s3cret") as address:
        served = f"{address}/project.git"
        GitRepository(served, credentials={"username": "me", "access_token": secret}).pull_code()
    assert (Path.cwd() / "project").exists()


@pytest.mark.parametrize(
    "storage",
    [
        GitRepository("https://me:s3cret@example.com/it.git"),
        GitRepository("https://example.com/it.git", credentials={"access_token": "s3cret"}),
        GitRepository("https://example.com/it.git", credentials=HubCredentials(token="s3cret")),
    ],
)
def test_a_token_is_not_stored_in_the_open(storage: GitRepository) -> None:
    with pytest.raises(ConfigurationError, match="save the token in a `Secret`") as refused:
        storage.to_pull_step()
    assert "s3cret" not in f"{refused.value} {storage!r}"


def test_what_is_no_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="buckets cannot be read yet"):
        create_storage_from_source("s3://bucket/folder")
    with pytest.raises(ConfigurationError, match="buckets cannot be read yet"):
        flow.from_source("gs://bucket", "flows.py:one")
    with pytest.raises(ConfigurationError, match="is not a directory of this machine"):
        flow.from_source(tmp_path / "nowhere", "flows.py:one")
