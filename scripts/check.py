"""Runs every gate at once and shows what each of the failing ones says."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).resolve().parent.parent
PROGRAMS: Final = Path(sys.executable).parent


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one gate ended: its exit code, what it said, and how many seconds it took."""

    code: int
    said: str
    seconds: float


GATES: Final[dict[str, Sequence[str]]] = {
    # The slowest first: it sets the time of the whole.
    "types": ("pyright",),
    "architecture": ("python", "-m", "pytest", "-q", "tests/architecture"),
    "imports": ("lint-imports",),
    "generated": ("python", "scripts/unasync.py", "--check"),
    "lint": ("ruff", "check"),
    "format": ("ruff", "format", "--check"),
}


def main() -> int:
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        running = {name: pool.submit(run, command) for name, command in GATES.items()}
        outcomes = {name: future.result() for name, future in running.items()}
    for name, outcome in outcomes.items():
        if outcome.code != 0:
            print(f"--- {name}: {' '.join(GATES[name])}\n{outcome.said.strip()}\n")
    for name, outcome in outcomes.items():
        print(f"{'failed' if outcome.code else 'passed'}  {name} ({outcome.seconds:.1f} s)")
    return 1 if any(outcome.code for outcome in outcomes.values()) else 0


def run(command: Sequence[str]) -> Outcome:
    """Run a program of the environment."""
    started = time.monotonic()
    done = subprocess.run(
        [str(PROGRAMS / command[0]), *command[1:]],
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, time.monotonic() - started)


if __name__ == "__main__":
    sys.exit(main())
