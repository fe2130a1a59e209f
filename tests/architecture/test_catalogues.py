"""A new file in a folder of plug-ins has its one line in the catalogue."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.catalogues import listed
from tests.architecture.tree import ROOT

SERVICES: Final = Path("services/windlass_services")
SCHEMAS: Final = Path("shared/windlass/schemas")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A folder whose modules are plug-ins, and the values in one file that list all of them."""

    folder: Path
    file: Path
    values: tuple[str, ...]
    others: frozenset[str] = field(default_factory=frozenset[str])

    def plugins(self) -> set[str]:
        """The modules and packages in the folder that must be listed."""
        found = {
            path.stem
            for path in (ROOT / self.folder).iterdir()
            if path.suffix == ".py" or (path / "__init__.py").exists()
        }
        return {name for name in found - self.others if not name.startswith("_")}


CATALOGUES: Final = (
    Catalogue(SERVICES / "api/routes", SERVICES / "api/routes/__init__.py", ("ROUTERS",)),
    Catalogue(
        SERVICES / "orchestration/rules",
        SERVICES / "orchestration/policy.py",
        ("FLOW_RUN_RULES", "TASK_RUN_RULES"),
    ),
    Catalogue(SERVICES / "scheduler/loops", SERVICES / "scheduler/loops/__init__.py", ("LOOPS",)),
    Catalogue(
        SCHEMAS / "actions",
        SCHEMAS / "actions/__init__.py",
        ("ActionTypes",),
        frozenset({"targets"}),
    ),
    Catalogue(
        SCHEMAS / "triggers",
        SCHEMAS / "triggers/__init__.py",
        ("TriggerTypes",),
        frozenset({"metric"}),
    ),
    Catalogue(
        Path("workers/windlass_workers"),
        Path("workers/windlass_workers/catalogue.py"),
        ("WORKER_TYPES",),
        frozenset({"agent", "contract", "catalogue"}),
    ),
    Catalogue(
        Path("shared/windlass/cli/commands"),
        Path("shared/windlass/cli/catalogue.py"),
        ("COMMANDS",),
    ),
)


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda entry: entry.folder.name)
def test_every_plugin_is_in_its_catalogue(catalogue: Catalogue) -> None:
    if not (ROOT / catalogue.folder).exists():
        return
    plugins = catalogue.plugins()
    file = ROOT / catalogue.file
    assert not plugins or file.exists(), f"{catalogue.file} must list {sorted(plugins)}"
    missing = plugins - (listed(file.read_text(), catalogue.values) if plugins else set())
    assert not missing, f"{catalogue.values} in {catalogue.file} miss {sorted(missing)}"


@pytest.mark.parametrize(
    "source",
    [
        "from package import first, second\nALL = (first.router, second.router)",
        "from p.first import First\nfrom p.second import Second\nALL = [First(), Second]",
        "ALL = {'one': 'package.first', 'two': 'package.second:run'}",
        "import package.first\nimport package.second as s\nALL = (package.first, s.x)",
        "from .first import one\nfrom .second import two\nALL: tuple[object, ...] = (one, two)",
    ],
)
def test_a_catalogue_may_be_written_in_several_ways(source: str) -> None:
    assert {"first", "second"} <= listed(source, ["ALL"])


def test_an_import_alone_is_not_a_line_in_the_catalogue() -> None:
    assert "second" not in listed("from p import first, second\nALL = (first.x,)", ["ALL"])
