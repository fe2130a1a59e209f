"""Processes in the background: started, found and stopped."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from windlass.cli.background import Background, BackgroundFailed, Running

URL: Final = "http://127.0.0.1:1"
SLEEPER: Final = "import time; open('up', 'w').close(); time.sleep(60)"
STUBBORN: Final = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPER}"


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Background]:
    """Not started; ended after the test."""
    process = Background("sleeper", tmp_path, "stop it")
    yield process
    if (running := process.find()) is not None:
        os.kill(running.pid, signal.SIGKILL)


def program(folder: Path, code: str) -> list[str]:
    """The command of a Python program that works in a folder."""
    file = folder / "program.py"
    file.write_text(f"import os\nos.chdir({str(folder)!r})\n{code}\n")
    return [sys.executable, str(file)]


def start(process: Background, code: str, *, patience: float = 20) -> Running:
    """Start a Python program that says it is up by making a file."""
    return process.start(
        program(process.home, code),
        URL,
        environment=os.environ,
        is_up=(process.home / "up").exists,
        patience=patience,
    )


def test_it_is_found_until_it_is_stopped(process: Background) -> None:
    assert process.find() is None
    assert process.stop(patience=5) is False
    running = start(process, SLEEPER)
    assert process.find() == running == Running(running.pid, URL)
    assert process.stop(patience=10) is True
    assert process.find() is None


def test_there_is_only_one_of_a_name(process: Background) -> None:
    start(process, SLEEPER)
    with pytest.raises(BackgroundFailed, match=r"runs in the background already .* `stop it`"):
        start(process, SLEEPER)


def test_one_that_ends_says_what_it_said(process: Background) -> None:
    with pytest.raises(BackgroundFailed, match=r"ended with status 3:\nthe port is taken"):
        start(process, "print('the port is taken'); raise SystemExit(3)")
    assert process.find() is None


def test_one_that_never_comes_up_is_stopped(process: Background) -> None:
    with pytest.raises(BackgroundFailed, match=r"was not up after 0.5 seconds, and was stopped"):
        start(process, "import time; time.sleep(60)", patience=0.5)
    assert process.find() is None


def test_one_that_does_not_stop_is_named(process: Background) -> None:
    running = start(process, STUBBORN)
    with pytest.raises(BackgroundFailed, match=rf"kill -9 {running.pid}"):
        process.stop(patience=0.2)


def test_another_process_of_the_same_number_is_not_taken_for_it(process: Background) -> None:
    start(process, SLEEPER)
    process.stop(patience=10)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        process.pid_file.write_text(f"{other.pid}\n{URL}\n")
        assert process.find() is None
        assert process.stop(patience=1) is False
        assert other.poll() is None
        other.communicate(b"\n")


STARTER: Final = """
import os, sys
from pathlib import Path
from typing import Final
from windlass.cli.background import Background

home = Path(sys.argv[1])
up = (home / "up").exists
command = [sys.executable, str(home / "program.py")]
Background("sleeper", home, "").start(
    command, "http://127.0.0.1:1", environment=os.environ, is_up=up, patience=20
)
"""


def test_it_outlives_the_process_that_started_it(process: Background) -> None:
    program(process.home, SLEEPER)
    subprocess.run([sys.executable, "-c", STARTER, str(process.home)], check=True)
    running = process.find()
    assert running is not None
    assert running.url == URL
