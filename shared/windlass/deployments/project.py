"""The file of a project's deployments (`windlass.yaml`, `prefect.yaml`): read, and chosen from."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final, cast

import yaml

from windlass.deployments.runner import RunnerDeployment
from windlass.exceptions import ConfigurationError
from windlass.schemas.base import JsonObject

FILES: Final = ("windlass.yaml", "prefect.yaml")
"""The first of them that is there is read."""

ACTIONS: Final = ("build", "push", "pull")
_KEYS: Final = {"prefect-version", "windlass-version", "name", "definitions", "deployments"}


@dataclass(frozen=True, slots=True)
class Project:
    """What a file says: its steps, and its deployments as they are written."""

    path: Path | None = None
    actions: JsonObject = field(default_factory=dict[str, Any])
    deployments: Sequence[JsonObject] = ()

    @property
    def names(self) -> list[str]:
        """The names of the deployments; one that is written without a name has none."""
        return [str(each["name"]) for each in self.deployments if each.get("name")]

    def chosen(self, patterns: Iterable[str]) -> list[JsonObject]:
        """The deployments that patterns name, in the order of the file; all that share a name.

        A pattern is a name, or `FLOW/NAME`; `*`, `?` and `[...]` stand for more. Raises
        ConfigurationError for a pattern that names none.
        """
        found: list[JsonObject] = []
        for pattern in patterns:
            some = [each for each in self.deployments if _fits(each, pattern)]
            if not some:
                known = ", ".join(self.names) or "none"
                where = f" in {self.path}" if self.path else ", and no windlass.yaml here"
                raise ConfigurationError(
                    f"There is no deployment {pattern!r}{where}; there are: {known}."
                )
            found += some
        return [each for each in self.deployments if each in found]


def find_project_file(directory: Path) -> Path | None:
    """The file of the project in a directory."""
    return next((directory / name for name in FILES if (directory / name).is_file()), None)


def read_project(path: Path) -> Project:
    """What a file says. Raises ConfigurationError if it cannot be read, or says unknown things."""
    try:
        document: Any = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}.") from error
    except yaml.YAMLError as error:
        problem = " ".join(str(error).split())
        raise ConfigurationError(f"{path} is not valid YAML: {problem}.") from error
    if not isinstance(document, dict):
        raise ConfigurationError(f"{path} is no mapping with a key `deployments`.")
    said = cast(JsonObject, document)
    for key in said:
        if key not in _KEYS and key not in ACTIONS:
            raise ConfigurationError(f"{path} has a key {key!r} that means nothing.{_near(key)}")
    deployments: Any = said.get("deployments") or []
    if not isinstance(deployments, list) or not all(
        isinstance(each, dict) for each in cast("list[Any]", deployments)
    ):
        raise ConfigurationError(f"{path}: `deployments` must be a list of mappings.")
    actions = {name: said.get(name) for name in ACTIONS}
    return Project(path, actions, cast("list[JsonObject]", deployments))


def _fits(written: JsonObject, pattern: str) -> bool:
    name = str(written.get("name") or "")
    flow, slash, of_flow = pattern.rpartition("/")
    if not slash:
        return fnmatchcase(name, pattern)
    return fnmatchcase(name, of_flow) and fnmatchcase(_flow_name(written), flow)


def _flow_name(written: JsonObject) -> str:
    if written.get("flow_name"):
        return str(written["flow_name"])
    entrypoint = str(written.get("entrypoint") or "")
    return RunnerDeployment.from_entrypoint(entrypoint, "any").flow_name if entrypoint else ""


def _near(key: str) -> str:
    close = difflib.get_close_matches(key, [*_KEYS, *ACTIONS], n=1)
    return f" Did you mean {close[0]!r}?" if close else ""
