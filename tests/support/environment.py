"""A clean environment for every test: no setting of the machine's owner reaches it."""

import os
from pathlib import Path
from typing import Final

import pytest

ASKED: Final = {
    name: value for name, value in os.environ.items() if name.startswith(("WINDLASS_", "PREFECT_"))
}
"""What the environment said before it was cleaned; only tests/support may ask."""

for _name in ASKED:
    del os.environ[_name]


@pytest.fixture(autouse=True)
def windlass_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The test's own WINDLASS_HOME: profiles, embedded database and spool are made there."""
    home = tmp_path / "windlass-home"
    monkeypatch.setenv("WINDLASS_HOME", str(home))
    return home


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio; a coroutine needs no marker."""
    return "asyncio"
