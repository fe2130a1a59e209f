"""Every dependency has its reason in the decision about dependencies, and both bounds."""

import re
import tomllib
from typing import Final

from packaging.requirements import Requirement

from tests.architecture.tree import ROOT

REASONS: Final = ROOT / "docs/decisions/0002-dependencies.md"
UNBOUNDED: Final = {"tzdata"}
"""Its version is a date: a later one is never incompatible."""


def test_every_dependency_has_a_reason_and_every_reason_a_dependency() -> None:
    explained = set(re.findall(r"^\| ([a-z][\w-]*) \| ", REASONS.read_text(), re.MULTILINE))
    assert explained - {"package"} == {requirement.name for requirement in _declared()}


def test_every_dependency_has_a_lower_and_an_upper_bound() -> None:
    bounds = {
        requirement.name: {specifier.operator for specifier in requirement.specifier}
        for requirement in _declared()
        if requirement.name not in UNBOUNDED
    }
    assert {name: found for name, found in bounds.items() if found != {">=", "<"}} == {}


def _declared() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    runtime: list[str] = project["project"]["dependencies"]
    extras: dict[str, list[str]] = project["project"]["optional-dependencies"]
    groups: dict[str, list[str | dict[str, str]]] = project["dependency-groups"]
    written = [
        *runtime,
        *(line for lines in [*extras.values(), *groups.values()] for line in lines),
    ]
    found = [Requirement(line) for line in written if isinstance(line, str)]
    return [requirement for requirement in found if requirement.name != "windlass"]
