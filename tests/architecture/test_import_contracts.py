"""The import contract of our own: a room imports what it may, and nothing else."""

from collections.abc import Sequence

import grimp
import pytest

from tests.architecture.may_import import MayImport


@pytest.mark.parametrize(
    ("imported", "kept"),
    [
        ("json", True),
        ("allowed_package", True),
        ("windlass.low", True),
        ("windlass.low.inner", True),
        ("windlass.room.other", True),
        ("windlass.lower", False),
        ("windlass.high", False),
        ("windlass", False),
        ("foreign_package", False),
    ],
)
def test_a_room_imports_only_what_it_may(imported: str, *, kept: bool) -> None:
    assert _broken_by(imported, allowed=["allowed_package", "windlass.low"]) == (
        [] if kept else [f"windlass.room.inner imports {imported}"]
    )


def test_other_packages_can_be_allowed_but_never_our_own() -> None:
    assert _broken_by("foreign_package", allowed=[], other_packages="true") == []
    assert _broken_by("windlass_services", allowed=[], other_packages="true") != []


def test_a_room_that_does_not_exist_yet_is_no_failure() -> None:
    contract = _contract(["windlass.later"], [], "false")
    assert contract.check(grimp.ImportGraph(), verbose=False).kept


def _broken_by(
    imported: str, *, allowed: Sequence[str], other_packages: str = "false"
) -> list[str]:
    graph = grimp.ImportGraph()
    for module in ("windlass", "windlass.room", "windlass.room.inner", imported):
        graph.add_module(module)
    graph.add_import(importer="windlass.room.inner", imported=imported)
    check = _contract(["windlass.room"], allowed, other_packages).check(graph, verbose=False)
    assert check.kept == (not check.metadata["broken"])
    return check.metadata["broken"]


def _contract(modules: Sequence[str], allowed: Sequence[str], other_packages: str) -> MayImport:
    options = {"modules": modules, "allowed": allowed, "other_packages": other_packages}
    return MayImport("a contract", {"root_packages": ["windlass"]}, options)
