"""Public: starting a project: a file for its deployments, filled in by a recipe."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import yaml

from windlass._version import __version__
from windlass.deployments.git import without_login
from windlass.deployments.project import ACTIONS, FILES, find_project_file
from windlass.deployments.sources import STEP_INTO
from windlass.exceptions import ConfigurationError
from windlass.schemas.base import JsonObject
from windlass.utilities.asyncutils import run_coro_as_sync
from windlass.utilities.commands import CommandFailed, run_command

_CLONE: Final = "prefect.deployments.steps.git_clone"
_IGNORE: Final = ".prefectignore"
_IGNORED: Final = """\
# What steps that upload this directory leave out, in the language of .gitignore.
.git/
.venv/
__pycache__/
*.py[cod]
.env
.DS_Store
"""
_HEAD: Final = """\
# The deployments of this project, which `windlass deploy` registers. It belongs to the code.

"""
_MEANINGS: Final = {
    "build": "# Steps that `windlass deploy` runs first, such as those that build an image.",
    "push": "# Steps that it runs then, to bring the code where runs get it from.",
    "pull": "# Steps that every run begins with, to get at the code.",
    "deployments": "# What runs, where and when.",
}
_DEPLOYMENT: Final[JsonObject] = {
    "name": None,
    "version": None,
    "tags": [],
    "description": None,
    "schedule": None,
    "entrypoint": None,
    "parameters": {},
    "work_pool": {"name": None, "work_queue_name": None, "job_variables": {}},
}


class Recipe(NamedTuple):
    """A way to get at the code of a project."""

    description: str
    fields: Mapping[str, str]
    """What it needs to be told, by the name of the field."""
    optional: Mapping[str, str]
    guess: Callable[[Path], dict[str, str]]
    """What the directory of the project says about its fields."""
    actions: Callable[[Mapping[str, str]], JsonObject]


def initialize_project(
    name: str | None = None, recipe: str | None = None, inputs: Mapping[str, str] | None = None
) -> list[str]:
    """Make the working directory a project, and return the names of the files that were made.

    By default the name is that of the directory, the recipe is guessed from it, and so is what
    `inputs` leave out. A file that is there stays as it is. Raises ValueError for an unknown
    recipe, and ConfigurationError for fields that it does not have or lacks.
    """
    here = Path.cwd()
    chosen = recipe or guess_recipe(here)
    fields = recipe_named(chosen).guess(here) | dict(inputs or {})
    actions = configure_project_by_recipe(chosen, **fields)
    made = [FILES[0]] if create_default_prefect_yaml(str(here), name, actions) else []
    if not (here / _IGNORE).exists():
        (here / _IGNORE).write_text(_IGNORED, "utf-8")
        made.append(_IGNORE)
    return made


def create_default_prefect_yaml(
    path: str, name: str | None = None, contents: JsonObject | None = None
) -> bool:
    """Write `windlass.yaml` in a directory; False where it has one, or a `prefect.yaml`."""
    directory = Path(path)
    if find_project_file(directory) is not None:
        return False
    metadata = {"name": name or directory.resolve().name, "windlass-version": __version__}
    said: JsonObject = {**dict.fromkeys(ACTIONS), **(contents or {})}
    parts = [_dumped(metadata)]
    for key in (*ACTIONS, "deployments"):
        value = said.get(key) or ([_DEPLOYMENT] if key == "deployments" else None)
        parts.append(f"{_MEANINGS[key]}\n{_dumped({key: value})}")
    (directory / FILES[0]).write_text(_HEAD + "\n".join(parts), "utf-8")
    return True


def configure_project_by_recipe(recipe: str, **formatting_kwargs: str) -> JsonObject:
    """The actions of a recipe with its fields filled in.

    Raises ValueError for an unknown recipe, and ConfigurationError as above.
    """
    found = recipe_named(recipe)
    known = {**found.fields, **found.optional}
    if unknown := sorted(formatting_kwargs.keys() - known.keys()):
        raise ConfigurationError(
            f"The recipe {recipe!r} has no field {', '.join(map(repr, unknown))}; it has:"
            f" {', '.join(known)}."
        )
    if missing := [name for name in found.fields if not formatting_kwargs.get(name)]:
        raise ConfigurationError(
            f"The recipe {recipe!r} needs the field {', '.join(map(repr, missing))}."
        )
    return found.actions(formatting_kwargs)


def recipe_named(name: str) -> Recipe:
    """The recipe of this name. Raises ValueError."""
    if name not in RECIPES:
        raise ValueError(f"There is no recipe {name!r}; there are: {', '.join(RECIPES)}.")
    return RECIPES[name]


def guess_recipe(directory: Path) -> str:
    """The recipe that fits a directory: `git` in a repository, else `local`."""
    return "git" if _git(directory, "rev-parse", "--is-inside-work-tree") else "local"


def _of_git(directory: Path) -> dict[str, str]:
    url, _ = without_login(_git(directory, "remote", "get-url", "origin"))
    said = {"repository": url, "branch": _git(directory, "branch", "--show-current")}
    return {name: value for name, value in said.items() if value}


def _of_directory(directory: Path) -> dict[str, str]:
    return {"directory": str(directory)}


def _cloned(fields: Mapping[str, str]) -> JsonObject:
    return {"pull": [{_CLONE: {name: fields[name] for name in _GIT if fields.get(name)}}]}


def _stepped_into(fields: Mapping[str, str]) -> JsonObject:
    return {"pull": [{STEP_INTO: {"directory": fields["directory"]}}]}


def _git(directory: Path, *words: str) -> str:
    try:
        return run_coro_as_sync(run_command(["git", "-C", str(directory), *words])).stdout
    except (CommandFailed, ConfigurationError):
        return ""


def _dumped(value: object) -> str:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True)


_GIT: Final = ("repository", "branch", "access_token")

RECIPES: Final[Mapping[str, Recipe]] = {
    "git": Recipe(
        "The code is in a git repository, which every run clones.",
        {"repository": "the URL of the repository"},
        {
            "branch": "the branch, by default that of the repository",
            "access_token": "a reference to the block of its token",
        },
        _of_git,
        _cloned,
    ),
    "local": Recipe(
        "The code is in a directory of the machine that runs it.",
        {"directory": "the directory"},
        {},
        _of_directory,
        _stepped_into,
    ),
}
