"""Where the code of a flow is, for the processes that are to run it."""

import atexit
import inspect
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import anyio

from windlass.definitions import FlowDefinition
from windlass.entrypoints import load_flow_from_entrypoint
from windlass.exceptions import ConfigurationError, MissingFlowError
from windlass.schemas.base import JsonObject

if TYPE_CHECKING:
    from windlass.deployments.storage import RunnerStorage

STEP_INTO: Final = "prefect.deployments.steps.set_working_directory"
"""The name that stock workers know, too."""


@dataclass(frozen=True, slots=True)
class Source:
    """A flow by its entrypoint, which starts at a directory of this machine."""

    directory: Path
    entrypoint: str
    storage: "RunnerStorage | None" = None
    """Where the directory came from, if not from this machine."""

    def pull_steps(self) -> list[JsonObject]:
        """What a process has to do before it can load the flow. Raises ConfigurationError for a
        storage whose login cannot be told.
        """
        if self.storage is not None:
            return [self.storage.to_pull_step()]
        return [{STEP_INTO: {"directory": str(self.directory)}}]


def source_of(flow: FlowDefinition) -> Source:
    """Where `flow` comes from: what `from_source` was told, else the file of its function.

    Raises MissingFlowError for a flow that no other process could find.
    """
    if isinstance(flow.source, Source):
        return flow.source
    if flow.ismethod:
        raise MissingFlowError(
            f"Flow {flow.name!r} is bound to an instance, which other processes do not have. Make"
            " it a function that makes the instance."
        )
    function = inspect.unwrap(flow.fn)
    name = getattr(function, "__qualname__", "")
    try:
        file = Path(inspect.getsourcefile(function) or "").resolve(strict=True)
    except (OSError, TypeError):
        file = None
    if file is None or file.suffix != ".py" or not name or "<" in name:
        raise MissingFlowError(
            f"Flow {flow.name!r} is not at the top level of a file, where other processes could"
            " find it. Move it there, or load it with `flow.from_source`."
        )
    directory = Path.cwd() if file.is_relative_to(Path.cwd()) else file.parent
    return Source(directory, f"{file.relative_to(directory).as_posix()}:{name}")


async def load_from_source(source: "str | Path | RunnerStorage", entrypoint: str) -> Any:
    """The flow at `entrypoint` in a directory of this machine or in a repository; its deployments
    use the same.

    A repository is cloned into a directory that is there until this process ends. Raises
    ConfigurationError for a source that is neither, CommandFailed for a repository that cannot be
    cloned, MissingFlowError and ScriptError.
    """
    if isinstance(source, Path) or (isinstance(source, str) and _is_path(source)):
        directory = await anyio.Path(source).expanduser()
        if not await directory.is_dir():
            raise ConfigurationError(
                f"{source} is not a directory of this machine. `from_source` takes one, such as"
                " `Path(__file__).parent`, or the URL of a git repository."
            )
        return _loaded(Source(Path(await directory.resolve()), entrypoint))
    # Repositories take a while to import, and few flows come from one.
    from windlass.deployments.storage import create_storage_from_source  # noqa: PLC0415

    storage = create_storage_from_source(source) if isinstance(source, str) else source
    base = tempfile.mkdtemp(prefix="windlass-source-")
    atexit.register(shutil.rmtree, base, ignore_errors=True)
    storage.set_base_path(Path(base))
    await storage.apull_code()
    return _loaded(Source(storage.destination, entrypoint, cast("RunnerStorage", storage)))


def _loaded(source: Source) -> Any:
    flow = load_flow_from_entrypoint(source.entrypoint, working_dir=source.directory)
    flow.source = source
    return flow


def _is_path(source: str) -> bool:
    return "://" not in source and not source.startswith("git@")
