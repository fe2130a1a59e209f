"""Where the code of flows is kept, when it is not on this machine: git repositories."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol, TypedDict
from urllib.parse import urlsplit

from windlass.blocks.core import Block
from windlass.deployments.git import Repository, bring, read_repository, without_login
from windlass.dispatch import dispatched
from windlass.exceptions import ConfigurationError
from windlass.schemas.base import JsonObject

_CLONE: Final = "prefect.deployments.steps.git_clone"
_GIT_SCHEMES: Final = frozenset({"http", "https", "ssh", "git"})


class RunnerStorage(Protocol):
    """What brings code to this machine, and tells other processes how they get it."""

    @property
    def destination(self) -> Path:
        """The directory that has the code, once it was brought."""
        ...

    def set_base_path(self, path: Path) -> None:
        """Bring the code to a directory in this one."""
        ...

    async def apull_code(self) -> None:
        """Bring the code, or what is new of it."""
        ...

    def to_pull_step(self) -> JsonObject:
        """The step by which the run of a deployment gets the code."""
        ...


class GitCredentials(TypedDict, total=False):
    """The login of a repository. A username goes with a token."""

    username: str
    access_token: Any
    """Text, or a `Secret` block."""


class GitRepository:
    """A git repository: the source of flows, and a step of their deployments.

    By default, its directory is in the working directory, and named after the repository and the
    branch. Raises ConfigurationError for arguments that contradict each other.
    """

    def __init__(
        self,
        url: str,
        credentials: GitCredentials | Block | None = None,
        name: str | None = None,
        branch: str | None = None,
        *,
        commit_sha: str | None = None,
        include_submodules: bool = False,
        directories: Sequence[str] | None = None,
    ) -> None:
        self._repository = read_repository(
            url,
            branch=branch,
            commit_sha=commit_sha,
            include_submodules=include_submodules,
            credentials=credentials,
            directories=directories,
        )
        self._has_login_in_url = without_login(url)[1] is not None
        self._credentials = credentials
        self._base = Path.cwd()
        self.name = name or self._repository.folder

    def __repr__(self) -> str:
        return f"GitRepository({self._repository.url!r}, branch={self._repository.branch!r})"

    @property
    def destination(self) -> Path:
        """The directory that has the code, once it was pulled."""
        return self._base / self.name

    def set_base_path(self, path: Path) -> None:
        """Pull the code to a directory in this one."""
        self._base = path

    async def apull_code(self) -> None:
        """Clone the repository, or bring the clone up to date. Raises CommandFailed and
        ConfigurationError.
        """
        await bring(self._repository, self.destination)

    pull_code = dispatched(apull_code)

    def to_pull_step(self) -> JsonObject:
        """The step `git_clone` that brings the same. Raises ConfigurationError for a login that
        would be stored with the deployment for everyone to read.
        """
        return {_CLONE: {**_said(self._repository), **self._login()}}

    def _login(self) -> JsonObject:
        given = self._credentials
        if self._has_login_in_url:
            raise ConfigurationError(
                f"The URL of {self._repository.url} has a login in it. {_SAVE}"
            )
        if given is None:
            return {}
        if not isinstance(given, Mapping):
            return {"credentials": _reference(given)}
        token = _reference(given.get("access_token"))
        if username := given.get("username"):
            return {"credentials": {"username": username, "access_token": token}}
        return {"access_token": token}


def create_storage_from_source(source: str) -> GitRepository:
    """The storage that a URL means. Raises ConfigurationError for one that cannot be read."""
    scheme = urlsplit(source).scheme
    if scheme in _GIT_SCHEMES or source.startswith("git@") or source.endswith(".git"):
        return GitRepository(source)
    raise ConfigurationError(
        f"{source} is not the URL of a git repository; buckets cannot be read yet."
    )


_SAVE: Final = (
    "It would be stored with the deployment, for everyone to read: save the token in a `Secret`"
    ' block, and give `credentials={"access_token": Secret.load("...")}`.'
)


def _said(repository: Repository) -> JsonObject:
    said: JsonObject = {
        "repository": repository.url,
        "branch": repository.branch,
        "commit_sha": repository.commit_sha,
        "include_submodules": repository.include_submodules,
        "directories": [*repository.directories],
    }
    return {name: value for name, value in said.items() if value}


def _reference(secret: object) -> str:
    """The placeholder of a block that was saved."""
    name = getattr(secret, "_block_document_name", None) if isinstance(secret, Block) else None
    if not isinstance(secret, Block) or name is None:
        raise ConfigurationError(f"The token of the repository is not a saved block. {_SAVE}")
    return f"{{{{ prefect.blocks.{secret.get_block_type_slug()}.{name} }}}}"
