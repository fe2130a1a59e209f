"""Code in git repositories: brought to a directory, with a login that no process listing shows."""

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import unquote, urlsplit, urlunsplit

import anyio
from pydantic import BaseModel

from windlass.exceptions import ConfigurationError
from windlass.utilities.commands import run_command

_LENGTH_OF_A_SHA: Final = 40
_TOKEN_FIELDS: Final = ("access_token", "token", "password", "value")
_HELPER: Final = (
    '!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n"'
    ' "$GIT_STEP_USERNAME" "$GIT_STEP_PASSWORD"; }; f'
)
"""Git asks it where a server wants a login; the login itself is in the environment alone."""

_OF_ANOTHER: Final = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX"),
    *("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES"),
)
"""A hook of git has these of its own repository, which would then be the one that is changed."""


@dataclass(frozen=True, slots=True)
class Login:
    """What a server of repositories is told."""

    username: str
    password: str

    def __repr__(self) -> str:
        return "Login(...)"


@dataclass(frozen=True, slots=True)
class Repository:
    """What to bring from where. The URL has no login in it: `read_repository` takes it out."""

    url: str
    login: Login | None = None
    branch: str | None = None
    commit_sha: str | None = None
    include_submodules: bool = False
    directories: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        """The name of the directory that it is brought to: `repository` or `repository-branch`."""
        name = self.url.rstrip("/").replace(":", "/").rpartition("/")[2].removesuffix(".git")
        return f"{name}-{self.branch.replace('/', '-')}" if self.branch else name


def read_repository(
    url: str,
    *,
    branch: str | None = None,
    commit_sha: str | None = None,
    include_submodules: bool = False,
    access_token: object = None,
    credentials: object = None,
    directories: Sequence[str] | None = None,
) -> Repository:
    """What the arguments of the step and of the storage say. Raises ConfigurationError."""
    if branch and commit_sha:
        raise ConfigurationError("Give the branch or the commit of a repository, not both.")
    if access_token and credentials:
        raise ConfigurationError("Give `access_token` or `credentials`, not both.")
    for text in (url, branch, commit_sha):
        if text and text.startswith("-"):
            raise ConfigurationError(f"{text!r} would be an option of git.")
    plain, login = without_login(url)
    if access_token or credentials:
        if "://" not in plain or not plain.startswith("http"):
            raise ConfigurationError(
                f"A token is for repositories at https://...; {plain} is reached otherwise."
            )
        login = _login(plain, access_token or credentials)
    return Repository(
        plain, login, branch, commit_sha, include_submodules, tuple(directories or ())
    )


async def bring(repository: Repository, destination: Path) -> None:
    """Make `destination` the present state of the repository: a new clone, or one brought up.

    What was changed there by hand is kept, or refused where it is in the way. Raises CommandFailed
    for what git cannot do, and ConfigurationError for a directory that holds something else.
    """
    git = _Git(repository, destination)
    is_new = not await anyio.Path(destination).exists()
    if not is_new:
        await git.check_origin()
    try:
        if is_new:
            await git("init", "--quiet", str(destination), there=False)
            await git("remote", "add", "origin", repository.url)
        await git.update()
    except BaseException:
        if is_new:
            shutil.rmtree(destination, ignore_errors=True)
        raise


@dataclass(frozen=True, slots=True)
class _Git:
    """Commands of git about one clone."""

    repository: Repository
    destination: Path

    async def __call__(self, *words: str, there: bool = True) -> str:
        place = ["-C", str(self.destination)] if there else []
        output = await run_command(
            ["git", *place, *words], environment=_environment(self.repository)
        )
        return output.stdout

    async def check_origin(self) -> None:
        if not await anyio.Path(self.destination, ".git").exists():
            raise ConfigurationError(
                f"{self.destination} is there already, and no clone of {self.repository.url}: move"
                " it away, or work in another directory."
            )
        origin, _ = without_login(await self("config", "--get", "remote.origin.url"))
        if origin != self.repository.url:
            raise ConfigurationError(
                f"{self.destination} is a clone of {origin}, not of {self.repository.url}: move it"
                " away, or work in another directory."
            )

    async def update(self) -> None:
        if self.repository.directories:
            await self("sparse-checkout", "set", *self.repository.directories)
        elif await self("config", "--default", "", "--get", "core.sparseCheckout"):
            await self("sparse-checkout", "disable")
        wanted = self.repository.commit_sha or self.repository.branch or "HEAD"
        if self.repository.commit_sha and len(wanted) < _LENGTH_OF_A_SHA:
            # A server gives a commit by its whole name only.
            await self("fetch", "--quiet", "origin", "+refs/heads/*:refs/remotes/origin/*")
            await self("checkout", "--quiet", "--detach", wanted)
        else:
            await self("fetch", "--quiet", "--depth", "1", "origin", wanted)
            await self("checkout", "--quiet", "--detach", "FETCH_HEAD")
        if self.repository.include_submodules:
            await self("submodule", "--quiet", "update", "--init", "--recursive", "--depth", "1")


def _environment(repository: Repository) -> dict[str, str | None]:
    said: dict[str, str | None] = {**dict.fromkeys(_OF_ANOTHER), "GIT_TERMINAL_PROMPT": "0"}
    if repository.login is None:
        return said
    place = urlsplit(repository.url)
    key = f"credential.{place.scheme}://{place.netloc}.helper"
    first = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
    return said | {
        "GIT_STEP_USERNAME": repository.login.username,
        "GIT_STEP_PASSWORD": repository.login.password,
        "GIT_CONFIG_COUNT": str(first + 2),
        # The empty one takes out the helpers of this machine, which would store the token.
        f"GIT_CONFIG_KEY_{first}": key,
        f"GIT_CONFIG_VALUE_{first}": "",
        f"GIT_CONFIG_KEY_{first + 1}": key,
        f"GIT_CONFIG_VALUE_{first + 1}": _HELPER,
    }


def without_login(url: str) -> tuple[str, Login | None]:
    """A URL and the login that was in it; `ssh://git@host` is none of the web, and stays."""
    if not url.startswith(("http://", "https://")):
        return url, None
    parts = urlsplit(url)
    login, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, None
    return urlunsplit(parts._replace(netloc=host)), _login(url, unquote(login))


def _login(url: str, given: object) -> Login:
    """The login that a token, a block or its values mean."""
    if isinstance(given, Mapping | BaseModel):
        values = dict(cast("Mapping[str, Any]", given))
        token = next((values[name] for name in _TOKEN_FIELDS if values.get(name)), None)
        if token is None:
            raise ConfigurationError(
                "The credentials of the repository have no token: give a mapping or a block with"
                " `token`, `access_token` or `password`."
            )
        username = values.get("username")
        return Login(_open(username), _open(token)) if username else _login(url, token)
    username, colon, token = _open(given).partition(":")
    if colon:
        return Login(username, token)
    return Login(_username_for(urlsplit(url).hostname or ""), username)


def _username_for(host: str) -> str:
    """What a host takes beside a token."""
    if "gitlab" in host:
        return "oauth2"
    return "x-token-auth" if "bitbucket" in host else "x-access-token"


def _open(value: object) -> str:
    if isinstance(value, BaseModel):  # a block that holds one secret
        value = dict(value).get("value")
    reveal = getattr(value, "get_secret_value", None)
    return str(reveal() if reveal is not None else value).strip()
