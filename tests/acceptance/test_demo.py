"""`make demo`: the main job on the embedded default, and nothing left of it."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.support.golden import ROOT


@pytest.mark.timeout(180)
def test_the_demo_shows_the_main_job_and_leaves_nothing(tmp_path: Path) -> None:
    shown = subprocess.run(
        [sys.executable, "scripts/demo.py"],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == 0, shown.stdout + shown.stderr
    for words in ("Hello, Ada!", "Hello, Grace!", "Hello, Edsger!", "the schedule", "-> Running"):
        assert words in shown.stdout
    assert list(tmp_path.glob("windlass-demo-*")) == []
    assert not [process.pid for process in psutil.process_iter() if _is_of(process, tmp_path)]


def _is_of(process: psutil.Process, folder: Path) -> bool:
    try:
        return process.environ().get("TMPDIR") == str(folder)
    except psutil.Error:
        return False
