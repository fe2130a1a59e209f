"""Goldens: text kept in a file, so that a change of it shows up as a diff to review."""

import difflib
from pathlib import Path
from typing import Final

import pytest

from tests.support.environment import ASKED

ROOT: Final = Path(__file__).resolve().parents[2]
UPDATING: Final = ASKED.get("WINDLASS_UPDATE_GOLDENS") == "1"


def assert_golden(path: Path, text: str, *, updating: bool = UPDATING) -> None:
    """Fail unless the file at `path` says `text`; `make generate` writes it instead.

    Tests of a module that imports this function carry the marker `golden`.
    """
    if updating:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return
    kept = path.read_text() if path.exists() else ""
    if kept != text:
        name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
        diff = difflib.unified_diff(
            kept.splitlines(), text.splitlines(), f"{name} (kept)", "now", lineterm=""
        )
        pytest.fail(
            "\n".join([*diff, "", f"{name} changed. If it should, run `make generate`."]),
            pytrace=False,
        )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        module = item.getparent(pytest.Module)
        if module is not None and getattr(module.obj, "assert_golden", None) is assert_golden:
            item.add_marker(pytest.mark.golden)
