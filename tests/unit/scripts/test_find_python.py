"""The bootstrap starts from the first Python that is new enough, and says what is missing."""

import subprocess
import sys
from pathlib import Path
from typing import Final

SCRIPT: Final = Path(__file__).resolve().parents[3] / "scripts" / "find_python.sh"


def test_a_python_that_is_too_old_is_passed_over(tmp_path: Path) -> None:
    put(tmp_path / "python3", "echo; echo 3.9.2")
    put(tmp_path / "python3.12", f"echo {sys.executable}; echo 3.12.0")
    assert find(tmp_path).stdout.strip() == sys.executable


def test_a_launcher_that_does_not_run_is_passed_over(tmp_path: Path) -> None:
    put(tmp_path / "python3.13", "echo 'version 3.13 is not installed' >&2; exit 127")
    put(tmp_path / "python3.11", f"echo {sys.executable}; echo 3.11.9")
    assert find(tmp_path).stdout.strip() == sys.executable


def test_the_real_python_passes_the_probe(tmp_path: Path) -> None:
    put(tmp_path / "python3", f'exec {sys.executable} "$@"')
    assert Path(find(tmp_path).stdout.strip()).samefile(sys.executable)


def test_without_any_the_message_says_what_was_seen_and_what_to_do(tmp_path: Path) -> None:
    put(tmp_path / "python3", "echo; echo 3.9.2")
    found = find(tmp_path)
    assert found.returncode == 1
    assert "Python 3.9.2" in found.stderr
    assert "apt-get install python3" in found.stderr


def test_a_named_python_is_the_only_one_tried(tmp_path: Path) -> None:
    put(tmp_path / "python3", f"echo {sys.executable}; echo 3.12.0")
    put(tmp_path / "mine", "echo; echo 3.8.1")
    assert find(tmp_path, PYTHON=str(tmp_path / "mine")).returncode == 1


def find(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the script where only `folder` holds Pythons, and one with the tools of a shell."""
    tools = folder / "tools"
    tools.mkdir()
    for tool in ("cat", "sed"):
        (tools / tool).symlink_to(
            f"/usr/bin/{tool}" if Path(f"/usr/bin/{tool}").exists() else f"/bin/{tool}"
        )
    return subprocess.run(
        ["/bin/sh", str(SCRIPT)],
        env={"PATH": f"{folder}:{tools}", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def put(path: Path, script: str) -> None:
    """Make a program that does `script`."""
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
