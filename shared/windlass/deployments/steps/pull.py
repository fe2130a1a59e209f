"""Public: steps that bring the code of a flow to where it runs."""

import os
from pathlib import Path
from typing import Any

from windlass.dispatch import dispatched


def set_working_directory(directory: str) -> dict[str, str]:
    """Make `directory` the working directory of this process; the answer has its absolute path.

    Raises FileNotFoundError and NotADirectoryError.
    """
    path = Path(directory).expanduser().absolute()
    os.chdir(path)
    return {"directory": str(path)}


async def agit_clone(
    repository: str,
    branch: str | None = None,
    commit_sha: str | None = None,
    include_submodules: bool = False,
    access_token: str | None = None,
    credentials: Any = None,
    directories: list[str] | None = None,
) -> dict[str, str]:
    """Clone a git repository into the working directory, or bring the clone there up to date.

    The answer has the absolute path of the clone as `directory`. `credentials` is a block, or its
    values; `directories` brings those alone (and the files beside them). To be awaited in
    asynchronous code. Raises CommandFailed, a `CalledProcessError`, and ConfigurationError.
    """
    # The other step is in every deployment, and needs nothing of this.
    from windlass.deployments.git import bring, read_repository  # noqa: PLC0415

    wanted = read_repository(
        repository,
        branch=branch,
        commit_sha=commit_sha,
        include_submodules=include_submodules,
        access_token=access_token,
        credentials=credentials,
        directories=directories,
    )
    destination = Path.cwd() / wanted.folder
    await bring(wanted, destination)
    return {"directory": str(destination)}


git_clone = dispatched(agit_clone)
