"""What no file of the project may say."""

import re
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.tree import ROOT, project_files

# Put together from parts, so that this file passes its own test.
MACHINE_PATHS: Final = re.compile(
    "|".join(
        (
            "/" + r"work/(?:main|shared|\.)",
            "/" + r"tmp/(?:brief|bin|bash_jobs|rung)",
            "/" + r"opt/(?:wheels|pypi)",
            r"\." + "library/",
            "/" + r"(?:home|Users)/(?!user\b|runner\b|me\b|you\b|app\b|windlass\b)[a-z]\w*/",
        )
    )
)
UNFINISHED: Final = re.compile(r"\b(?:" + "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3)) + r")\b")
LOCKS: Final = {Path("uv.lock"), Path("tests/compat/requirements.txt")}


def test_no_file_names_a_path_of_one_machine() -> None:
    assert not _matches(MACHINE_PATHS)


def test_nothing_is_left_to_be_done_later() -> None:
    assert not _matches(UNFINISHED)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (MACHINE_PATHS, "see /" + "work/main/README.md"),
        (MACHINE_PATHS, "/" + "home/ada/project"),
        (UNFINISHED, "# TO" + "DO: later"),
    ],
)
def test_the_patterns_find_what_they_are_for(pattern: re.Pattern[str], text: str) -> None:
    assert pattern.search(text)


@pytest.mark.parametrize("text", ["/home/user/flows", "/workdir", "a networking/shared folder"])
def test_ordinary_paths_are_allowed(text: str) -> None:
    assert not MACHINE_PATHS.search(text)


def _matches(pattern: re.Pattern[str]) -> list[str]:
    found: list[str] = []
    for path in project_files():
        if path in LOCKS:
            continue
        try:
            lines = (ROOT / path).read_text().splitlines()
        except UnicodeDecodeError:
            continue
        found += [f"{path}:{n}: {line}" for n, line in enumerate(lines, 1) if pattern.search(line)]
    return found
