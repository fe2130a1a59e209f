"""No setting is accepted and ignored: what is marked honoured is read somewhere."""

import ast
from collections.abc import Iterator
from typing import Final

import pytest

from tests.architecture.tree import ROOT
from windlass.settings import Status, catalogue
from windlass.settings.database_url import PARTS

READ_BY_THE_SETTINGS: Final = {"profiles_path", *PARTS}
"""What the room of settings reads itself, and the parts of the database URL."""
ROOMS: Final = ("shared/windlass", "services/windlass_services", "workers/windlass_workers")


def attributes(source: str) -> Iterator[str]:
    """The names of the attributes that a source reads."""
    nodes = ast.walk(ast.parse(source))
    return (node.attr for node in nodes if isinstance(node, ast.Attribute))


@pytest.fixture(scope="module")
def read() -> set[str]:
    """The names of all attributes that are read outside the room of settings."""
    files = [file for room in ROOMS for file in (ROOT / room).rglob("*.py")]
    outside = [file for file in files if "windlass/settings" not in file.as_posix()]
    return {name for file in outside for name in attributes(file.read_text())}


def test_every_honoured_setting_has_a_reader(read: set[str]) -> None:
    honoured = [path for path, each in catalogue().items() if each.status is Status.HONOURED]
    unread = {path for path in honoured if path.rsplit(".", 1)[-1] not in read}
    unread -= READ_BY_THE_SETTINGS
    assert not unread, "wire them, or move them to settings/void.py with the reason"
