"""Where settings are read from: each source as a layer of names and what they were given."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple, cast

from windlass.exceptions import SettingInvalid
from windlass.settings.groups import PREFIX

ENVIRONMENT: Final = "env"
DOTENV: Final = ".env file"
PROFILE: Final = "profile"
DEFAULTS: Final = "defaults"
OVERRIDE: Final = "override"


class Given(NamedTuple):
    """What one source says about one setting."""

    raw: object
    source: str
    """`env`, `.env file`, `windlass.toml`, `prefect.toml`, `pyproject.toml`, `profile` or
    `override`."""


class Layer(NamedTuple):
    """What one source says, under the names it uses: variables, or dotted paths of TOML."""

    source: str
    values: Mapping[str, object]


def layers_above_profile(environment: Mapping[str, str], directory: Path | None) -> list[Layer]:
    """The sources that go before the profile, the first one first."""
    layers = [Layer(ENVIRONMENT, _ours(environment))]
    if directory is None:
        return layers
    dotenv = _text_of(directory / ".env")
    if dotenv is not None:
        layers.append(Layer(DOTENV, _ours(read_dotenv(dotenv))))
    return [*layers, *_project_file(directory), *_pyproject(directory)]


def read_dotenv(text: str) -> dict[str, str]:
    """The variables of a `.env` file: `NAME=value`, quotes and `export` allowed, `#` comments."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and not name.startswith("#"):
            found[name.strip()] = _unquoted(value.strip())
    return found


def read_toml(path: Path) -> dict[str, object]:
    """A TOML file. Raises SettingInvalid if it cannot be read, FileNotFoundError without one."""
    text = _text_of(path)
    if text is None:
        raise FileNotFoundError(path)
    # Most processes have no such file, and this takes some milliseconds.
    import tomllib  # noqa: PLC0415

    try:
        return tomllib.loads(text)
    except ValueError as error:
        raise _unreadable(path, error) from error


def write_private(path: Path, text: str) -> None:
    """Replace a file at once and for its owner's eyes only: it may hold keys."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)


def _ours(environment: Mapping[str, str]) -> dict[str, object]:
    # An empty variable is one that was not set: compose files write `WINDLASS_API_KEY=`.
    return {name: text for name, text in environment.items() if name.startswith(PREFIX) and text}


def _unquoted(value: str) -> str:
    quote = value[:1]
    if quote in {"'", '"'}:
        end = value.find(quote, 1)
        return value[1:] if end < 0 else value[1:end]
    return value.partition(" #")[0].rstrip()


def _project_file(directory: Path) -> list[Layer]:
    # A project that comes from Prefect keeps its file, as it keeps its prefect.yaml.
    for name in ("windlass.toml", "prefect.toml"):
        if (directory / name).is_file():
            return [Layer(name, _flat(read_toml(directory / name)))]
    return []


def _pyproject(directory: Path) -> list[Layer]:
    path = directory / "pyproject.toml"
    text = _text_of(path)
    if text is None or not ("windlass" in text or "prefect" in text):
        return []
    tools = read_toml(path).get("tool")
    for name in ("windlass", "prefect"):
        table = cast("dict[str, object]", tools).get(name) if isinstance(tools, dict) else None
        if isinstance(table, dict):
            return [Layer(path.name, _flat(cast("dict[str, object]", table)))]
    return []


def _text_of(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> SettingInvalid:
    return SettingInvalid(f"{path} cannot be read: {error}. Correct it or take it away.")


def _flat(table: Mapping[str, object], path: str = "") -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            found.update(_flat(cast("dict[str, object]", value), f"{path}{name}."))
        else:
            found[path + name] = value
    return found
