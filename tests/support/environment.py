"""A clean environment for every test: no setting of the machine's owner reaches it."""

import json
import os
from collections.abc import Generator
from pathlib import Path
from typing import Final

import pytest

_PASSED_ON: Final = "TESTS_ASKED"

ASKED: Final[dict[str, str]] = json.loads(os.environ.get(_PASSED_ON, "{}")) | {
    name: value for name, value in os.environ.items() if name.startswith(("WINDLASS_", "PREFECT_"))
}
"""What the environment said before it was cleaned; only tests/support may ask. The workers of
xdist are told by the process that starts them, whose environment is clean by then."""

for _name in ASKED:
    os.environ.pop(_name, None)
os.environ[_PASSED_ON] = json.dumps(ASKED)


@pytest.fixture(autouse=True)
def windlass_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The test's own WINDLASS_HOME: profiles, embedded database and spool are made there."""
    for left in [name for name in os.environ if name.startswith("WINDLASS__")]:
        del os.environ[left]  # by a run that a former test carried out in this process
    home = tmp_path / "windlass-home"
    monkeypatch.setenv("WINDLASS_HOME", str(home))
    return home


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio; a coroutine needs no marker."""
    return "asyncio"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """A test leaves the working directory as it found it: the next one may ask for it."""
    yield
    root = item.config.invocation_params.dir
    here = _working_directory()
    if here != root:
        os.chdir(root)
        raise AssertionError(f"{item.nodeid} left the process in {here or 'a folder that is gone'}")


def _working_directory() -> Path | None:
    try:
        return Path.cwd()
    except FileNotFoundError:
        return None
