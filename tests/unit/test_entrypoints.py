"""From an entrypoint to a flow."""

import sys
from pathlib import Path

import pytest

from windlass.entrypoints import load_flow_from_entrypoint
from windlass.exceptions import MissingFlowError, ScriptError

FLOWS = """
from windlass import flow

@flow
def first(): ...

@flow
def second(): ...

class Group:
    @staticmethod
    @flow
    def inner(): ...

def no_flow(): ...
"""


@pytest.fixture(autouse=True)
def modules(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test imports does not reach the next."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "modules", dict(sys.modules))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "flows.py").write_text(FLOWS)
    return tmp_path


@pytest.mark.parametrize(
    ("entrypoint", "name"),
    [
        ("flows.py:first", "first"),
        ("./flows.py:second", "second"),
        ("flows.py:Group.inner", "inner"),
    ],
)
def test_a_flow_is_found_in_a_file(folder: Path, entrypoint: str, name: str) -> None:
    assert load_flow_from_entrypoint(entrypoint, working_dir=folder).name == name


def test_a_path_may_be_absolute(folder: Path) -> None:
    assert load_flow_from_entrypoint(f"{folder}/flows.py:first").name == "first"


@pytest.mark.parametrize("entrypoint", ["package.flows:first", "package.flows.first"])
def test_a_flow_is_found_in_a_module(
    folder: Path, entrypoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "package").mkdir()
    (folder / "flows.py").rename(folder / "package" / "flows.py")
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    assert load_flow_from_entrypoint(entrypoint).name == "first"


def test_a_file_may_import_its_neighbours(folder: Path) -> None:
    (folder / "neighbour.py").write_text("NAME = 'by-the-neighbour'")
    code = "import neighbour\nfrom windlass import flow\na = flow(name=neighbour.NAME)(print)"
    (folder / "more.py").write_text(code)
    assert load_flow_from_entrypoint("more.py:a", working_dir=folder).name == "by-the-neighbour"


@pytest.mark.parametrize(
    ("entrypoint", "words"),
    [
        ("not_there.py:first", "not_there.py"),
        ("flows.py:third", "third"),
        ("flows.py:no_flow", "names a function, not a flow"),
        ("no_such_package.flows:first", "no_such_package"),
        ("nonsense", "nonsense"),
    ],
)
def test_a_flow_that_is_not_there_is_named(folder: Path, entrypoint: str, words: str) -> None:
    with pytest.raises(MissingFlowError, match=words):
        load_flow_from_entrypoint(entrypoint, working_dir=folder)


def test_a_file_that_raises_says_what(folder: Path) -> None:
    (folder / "broken.py").write_text("raise RuntimeError('no colour')")
    with pytest.raises(ScriptError, match="RuntimeError: no colour"):
        load_flow_from_entrypoint("broken.py:first", working_dir=folder)
