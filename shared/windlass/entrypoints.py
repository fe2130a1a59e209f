"""From the entrypoint of a deployment to its flow."""

from pathlib import Path
from typing import Any

from windlass.definitions import FlowDefinition
from windlass.exceptions import MissingFlowError
from windlass.utilities.importtools import import_object


def load_flow_from_entrypoint(entrypoint: str, *, working_dir: Path | None = None) -> Any:
    """The flow that `path/to/file.py:name`, `package.module:name` or `package.module.name` names.

    A relative path starts at `working_dir`, by default the current directory. The code of the
    file or module runs. Raises MissingFlowError when it has no such flow, and ScriptError when it
    raises.
    """
    source, colon, name = entrypoint.rpartition(":")
    is_file = bool(colon) and source.endswith(".py")
    if is_file:
        source = str(_file(source, working_dir or Path.cwd(), entrypoint))
        found = _imported(f"{source}:{name}", entrypoint)
    else:
        found = _imported(entrypoint, entrypoint)
    if not isinstance(found, FlowDefinition):
        raise MissingFlowError(
            f"The entrypoint {entrypoint!r} names a {type(found).__name__}, not a flow."
            " Name a function that is decorated with `@flow`."
        )
    return found


def _file(source: str, working_dir: Path, entrypoint: str) -> Path:
    path = working_dir / Path(source).expanduser()
    if not path.is_file():
        raise MissingFlowError(
            f"The entrypoint {entrypoint!r} names a file that is not here: {path}. Deploy the flow"
            " with the directory that has it (`path`, or a pull step), on the machine that runs it."
        )
    return path


def _imported(place: str, entrypoint: str) -> Any:
    try:
        return import_object(place)
    except AttributeError as error:
        raise MissingFlowError(
            f"The entrypoint {entrypoint!r} names no flow: there is no {error.name!r} in it."
        ) from error
    except ImportError as error:
        raise MissingFlowError(
            f"The entrypoint {entrypoint!r} names a module that is not here: {error}."
        ) from error
