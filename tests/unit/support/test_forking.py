"""A program that is forked finds itself where one is that was started."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest

from tests.support.forking import Nursery, Process
from tests.support.waiting import wait_until

Start: TypeAlias = Callable[..., Process]
TELLING: Final = """
import __main__, json, multiprocessing.process, os, random, sys

def is_open(number):
    return os.path.exists(f"/proc/self/fd/{number}")

def told():
    return {
        "arguments": sys.argv,
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "folder of spawned ones": multiprocessing.process.ORIGINAL_DIR,
        "main": __main__.told is told,
        "descriptors": [n for n in sorted(map(int, os.listdir("/proc/self/fd"))) if is_open(n)],
        "session": os.getsid(0) == os.getpid(),
        "loaded": "colorsys" in sys.modules,
        "path": sys.path[0],
        "chance": random.random(),
    }

if __name__ == "__main__":
    print(json.dumps(told()))
    sys.exit(3)
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere programs are started")


def test_it_has_what_it_was_given_and_nothing_else(start: Start, tmp_path: Path) -> None:
    end, other = os.pipe()
    process = start("telling.py", "a", environment={"A": "b"}, descriptors=[end])
    assert process.wait(20) == 3
    told = _told(tmp_path)
    del told["chance"]
    assert told.pop("descriptors") == [0, 1, 2, end]
    assert told == {
        "arguments": ["telling.py", "a"],
        "environment": {"A": "b"},
        "folder": str(tmp_path),
        "folder of spawned ones": str(tmp_path),
        "main": True,
        "session": True,
        "loaded": True,
        "path": str(tmp_path),
    }
    os.close(end)
    os.close(other)


def test_a_module_is_run_as_python_runs_it(start: Start, tmp_path: Path) -> None:
    assert start("-m", "telling", "a").wait(20) == 3
    told = _told(tmp_path)
    assert told["arguments"] == [str(tmp_path / "telling.py"), "a"]
    assert told["main"]


def test_no_two_of_them_have_the_same_luck(start: Start, tmp_path: Path) -> None:
    chances: set[float] = set()
    for _ in range(2):
        start("telling.py").wait(20)
        chances.add(_told(tmp_path)["chance"])
    assert len(chances) == 2


def test_what_ends_it_is_its_exit_code(start: Start, tmp_path: Path) -> None:
    (tmp_path / "raising.py").write_text("raise ValueError('seen')")
    assert start("raising.py").wait(20) == 1
    assert "ValueError: seen" in (tmp_path / "said").read_text()
    (tmp_path / "waiting.py").write_text("import time\nprint('here', flush=True)\ntime.sleep(60)")
    process = start("waiting.py")
    wait_until((tmp_path / "said").read_text, description="it to be there")
    assert process.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.01)
    process.terminate()
    assert process.wait(20) == -signal.SIGTERM
    process.kill()
    assert process.poll() == process.returncode == -signal.SIGTERM


def test_it_outlives_the_nursery(nursery: Nursery, start: Start, tmp_path: Path) -> None:
    end, other = os.pipe()
    (tmp_path / "reading.py").write_text(f"import os\nprint(os.read({end}, 10), flush=True)")
    start("reading.py", descriptors=[end])
    nursery.stop()
    os.write(other, b"go on")
    said = tmp_path / "said"
    wait_until(lambda: "go on" in said.read_text(), description="it to go on")
    os.close(end)
    os.close(other)


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    """One with a module that no program asks for by itself, and one that keeps a folder."""
    nursery = Nursery(Path(sys.executable), ["colorsys", "multiprocessing.process"])
    yield nursery
    nursery.stop()


@pytest.fixture
def start(nursery: Nursery, tmp_path: Path) -> Start:
    """Starts programs in the folder of the test, which say things into `said`."""
    (tmp_path / "telling.py").write_text(TELLING)

    def start(
        *arguments: str, environment: Mapping[str, str] | None = None, descriptors: Any = ()
    ) -> Process:
        with (tmp_path / "said").open("wb") as said:
            return nursery.start(
                arguments,
                folder=tmp_path,
                environment=environment or {},
                output=said.fileno(),
                errors=said.fileno(),
                descriptors=descriptors,
            )

    return start


def _told(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "said").read_text())
