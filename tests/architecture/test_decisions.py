"""Every decision is one page of the same four parts, and names a gate that exists."""

import re
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.tree import ROOT

PAGES: Final = sorted((ROOT / "docs/decisions").glob("*.md"))
PARTS: Final = ("**Context.**", "**Decision.**", "**Consequences.**", "**Held by**")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_decision_has_its_parts_in_order(page: Path) -> None:
    positions = [page.read_text().find(part) for part in PARTS]
    assert -1 not in positions, f"one of {PARTS} is missing"
    assert positions == sorted(positions)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_holds_a_decision_exists(page: Path) -> None:
    held_by = page.read_text().partition(PARTS[-1])[2]
    named = [name for name in re.findall(r"`([^`]+)`", held_by) if "/" in name or "." in name]
    assert named, "name the test or the configuration file that holds the decision"
    assert [name for name in named if not (ROOT / name.partition("::")[0]).exists()] == []


def test_every_decision_has_a_number_of_its_own() -> None:
    numbers = Counter(page.name[:4] for page in PAGES)
    assert {number: count for number, count in numbers.items() if count > 1} == {}
    titles = {page.name: page.read_text().splitlines()[0] for page in PAGES}
    wrong = [name for name, title in titles.items() if not title.startswith(f"# {int(name[:4])}. ")]
    assert wrong == []
