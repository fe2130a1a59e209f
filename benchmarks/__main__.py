"""Measure Windlass beside the reference in one run, and write the table.

    python -m benchmarks [MEASURE ...] [--write]

Without a reference nothing is written: a number alone says little about another machine.
"""

import argparse
import platform
import subprocess
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks import measures, questions, traffic, workers
from benchmarks.machine import description
from benchmarks.measures import Figure
from benchmarks.sides import ROOT, Side, reference, windlass

MEASURES: Final[dict[str, Callable[[Side], list[Figure]]]] = {
    "version": measures.version,
    "first-line": measures.first_line,
    "server": measures.server,
    "tasks": measures.tasks,
    "worker": workers.worker,
    "api": measures.api,
    "api-services": workers.api_services,
    "traffic": traffic.traffic,
    "queries": questions.questions,
}
RESULTS: Final = Path(__file__).parent / "RESULTS.md"


def main() -> None:
    """Measure, print, and with `--write` keep the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("measures", nargs="*", choices=[*MEASURES, []])
    parser.add_argument("--write", action="store_true", help=f"renew {RESULTS.name}")
    options = parser.parse_args()
    chosen: Sequence[str] = options.measures or list(MEASURES)
    ours, theirs = windlass(), reference()
    rows: list[str] = []
    for name in chosen:
        for mine, other in zip(MEASURES[name](ours), MEASURES[name](theirs), strict=True):
            rows.append(_row(mine, other))
            print(rows[-1], flush=True)
    if options.write:
        RESULTS.write_text(_page(rows, chosen), encoding="utf-8")


def _row(ours: Figure, theirs: Figure) -> str:
    ratio = ours.value / theirs.value if theirs.value else float("nan")
    return (
        f"| {ours.name} | {_number(ours.value)} {ours.unit}"
        f" | {_number(theirs.value)} {theirs.unit} | {ratio:.3f} |"
    )


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.2f}"


def _page(rows: Sequence[str], chosen: Sequence[str]) -> str:
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    return "\n".join(
        (
            "# Benchmarks",
            "",
            f"`python -m benchmarks {' '.join(chosen)} --write`, {datetime.now(UTC):%Y-%m-%d},"
            f" commit {commit}, {description()}, Python {platform.python_version()}. Both sides in"
            " one run on the same machine, bytecode compiled; medians. The machine is shared:"
            " read the ratios.",
            "",
            "| measure | Windlass | Prefect 3.6.7 | ratio |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
        )
    )


if __name__ == "__main__":
    main()
