"""Where the code of a flow is, for the processes that are to run it."""

import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from windlass.definitions import FlowDefinition
from windlass.entrypoints import load_flow_from_entrypoint
from windlass.exceptions import ConfigurationError, MissingFlowError
from windlass.schemas.base import JsonObject

STEP_INTO: Final = "prefect.deployments.steps.set_working_directory"
"""The name that stock workers know, too."""


@dataclass(frozen=True, slots=True)
class Source:
    """A flow by its entrypoint, which starts at a directory of this machine."""

    directory: Path
    entrypoint: str

    def pull_steps(self) -> list[JsonObject]:
        """What a process has to do before it can load the flow."""
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


def load_from_source(source: str | Path, entrypoint: str) -> Any:
    """The flow at `entrypoint` in a directory of this machine; its deployments use that directory.

    Raises ConfigurationError for a source that is no such directory, MissingFlowError and
    ScriptError.
    """
    directory = Path(source).expanduser().resolve() if _is_path(source) else None
    if directory is None or not directory.is_dir():
        raise ConfigurationError(
            f"{source} is not a directory of this machine. `from_source` takes one, such as"
            " `Path(__file__).parent`; repositories and buckets cannot be read yet."
        )
    flow = load_flow_from_entrypoint(entrypoint, working_dir=directory)
    flow.source = Source(directory, entrypoint)
    return flow


def _is_path(source: object) -> bool:
    return isinstance(source, Path) or (isinstance(source, str) and "://" not in source)
