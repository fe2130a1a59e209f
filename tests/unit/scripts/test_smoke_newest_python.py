"""The smoke takes the newest Python that really runs."""

import sys
from pathlib import Path

import pytest

from scripts.smoke_newest_python import candidates, interpreters


def test_the_newest_of_those_that_run_is_the_largest(tmp_path: Path) -> None:
    programs = [
        put(tmp_path / "python3.9", "echo 3 9 2 /old"),
        put(tmp_path / "python3.13", "echo 3 13 1 /path with space/python3.13"),
        put(tmp_path / "python3.12", "echo 3 12 9 /older"),
        put(tmp_path / "python3.14", "echo 0 0 0 /candidate"),
        put(tmp_path / "python3.15", "echo not installed >&2; exit 127"),
    ]
    found = list(interpreters(programs))
    assert [interpreter.version for interpreter in sorted(found)] == [(3, 12, 9), (3, 13, 1)]
    assert max(found).path == Path("/path with space/python3.13")


def test_programs_are_looked_for_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    wanted = put(tmp_path / "python3.13", "")
    put(tmp_path / "python3.13-config", "")
    assert [path for path in candidates() if path.parent == tmp_path] == [wanted]


def test_the_python_of_the_suite_is_good_enough() -> None:
    assert [found.version for found in interpreters([Path(sys.executable)])] == [
        sys.version_info[:3]
    ]


def put(path: Path, script: str) -> Path:
    """Make a program that does `script`."""
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path
