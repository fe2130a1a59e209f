"""No setting of the machine's owner reaches a test."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[3]
REPORT: Final = """
import os, tests.support.environment
print(sorted(name for name in os.environ if name.startswith(("WINDLASS_", "PREFECT_"))))
"""


def test_settings_of_the_owner_are_removed() -> None:
    done = subprocess.run(
        [sys.executable, "-c", REPORT],
        cwd=ROOT,
        env={**os.environ, "WINDLASS_API_URL": "http://mine", "PREFECT_API_KEY": "secret"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_every_test_has_a_home_of_its_own(windlass_home: Path, tmp_path: Path) -> None:
    assert os.environ["WINDLASS_HOME"] == str(windlass_home)
    assert windlass_home.is_relative_to(tmp_path)
