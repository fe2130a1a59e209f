"""The reference of all settings, as a page of the documentation."""

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from types import NoneType, UnionType
from typing import Final, Literal, get_args, get_origin

from windlass.settings.catalogue import Setting, Status, catalogue
from windlass.settings.secret import Secret
from windlass.settings.view import as_text

_TITLES: Final = {
    Status.HONOURED: ("Settings", "They do what they say."),
    Status.MAPPED: (
        "Settings that another one takes over",
        "Prefect's settings of messaging, caches, leases and the task queue are read, and amount"
        " to one broker URL. They have no effect where WINDLASS_SERVER_BROKER_URL is set. Those of"
        " connections to PostgreSQL become parameters of its URL, where it does not say them.",
    ),
    Status.VOID: (
        "Settings without effect",
        "Prefect documents them; here they change nothing. One that is set to anything but its"
        " default is warned about.",
    ),
}

_HEAD: Final = """\
# Settings

Made by `python -m windlass.settings`; a test fails when it is out of date.

A setting is read from the first of these places that says something about it:

1. the environment variable of its name (an empty one counts as not set);
2. the file `.env` in the working directory;
3. the file `windlass.toml` in the working directory, under its key; where there is none, the file
   `prefect.toml`, as `prefect.yaml` is read where there is no `windlass.yaml`;
4. the table `[tool.windlass]` of `pyproject.toml` in the working directory, or `[tool.prefect]`;
5. the active profile, in `$WINDLASS_HOME/profiles.toml`: the one that `--profile` or
   WINDLASS_PROFILE names, else the one that `windlass profile use` chose, else `ephemeral`;
6. its default.

The name of a variable is WINDLASS_ and the key, with `_` for `.`; the names in brackets are older
ones, which are read too. A length of time is a number of seconds, ISO 8601 (`PT1H`) or `1:00:00`.
Every variable that starts with WINDLASS_ and is no setting is warned about.
Settings that are Windlass' own, and not Prefect's, are marked **W**.
"""


def render_reference() -> str:
    """The whole page, in Markdown."""
    return "\n".join([_HEAD, *(line for status in Status for line in _section(status))])


def _section(status: Status) -> Iterable[str]:
    settings = [setting for setting in catalogue().values() if setting.status is status]
    title, text = _TITLES[status]
    what = "Why" if status is Status.VOID else "Meaning"
    yield from (f"## {title}", "", f"{text} ({len(settings)})", "")
    yield from (f"| Key | Variable | Type | Default | {what} |", "|---|---|---|---|---|")
    for setting in settings:
        yield "| " + " | ".join(_cells(setting)) + " |"
    yield ""


def _cells(setting: Setting) -> Iterable[str]:
    mark = "" if setting.documented else " **W**"
    older = f" ({', '.join(f'`{name}`' for name in setting.names[1:])})" if setting.aliases else ""
    yield f"`{setting.path}`{mark}"
    yield f"`{setting.name}`{older}"
    yield _kind(setting.kind) + _limits(setting)
    yield "" if setting.default is None else f"`{as_text(setting.default) or ' '}`"
    yield setting.description.replace("|", "\\|")


def _kind(kind: object) -> str:
    if isinstance(kind, str):
        return kind
    if get_origin(kind) is Literal:
        return " \\| ".join(get_args(kind))
    if isinstance(kind, UnionType):
        return " or ".join(_kind(each) for each in get_args(kind) if each is not NoneType)
    return _KINDS.get(kind, "list")


def _limits(setting: Setting) -> str:
    low, high = setting.at_least, setting.at_most
    if low is None:
        return ""
    return f", from {low:g}" if high is None else f", {low:g} to {high:g}"


_KINDS: Final[dict[object, str]] = {
    str: "str",
    bool: "bool",
    int: "int",
    float: "float",
    Path: "path",
    Secret: "secret",
    timedelta: "duration",
    tuple[str, ...]: "list of str",
    tuple[float, ...]: "list of float",
}
