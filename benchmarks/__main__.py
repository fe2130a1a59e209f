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
from typing import Final, TypeAlias

from benchmarks import claims, events, measures, questions, recorder, schedules, traffic, workers
from benchmarks.figures import Figure, row, table
from benchmarks.machine import description
from benchmarks.sides import ROOT, Side, reference, windlass
from tests.support.server_binaries import find_postgres, find_redis

Lane: TypeAlias = Callable[[Side], list[Figure]]
MEASURES: Final[dict[str, Lane]] = {
    "version": measures.version,
    "first-line": measures.first_line,
    "server": measures.server,
    "tasks": measures.tasks,
    "worker": workers.worker,
    "api": measures.api,
    "api-services": workers.api_services,
    "claim": claims.claim,
    "idle-workers": claims.idle_workers,
    "events": events.events,
    "recorder": recorder.recorder,
    "schedules": schedules.schedules,
    "traffic": traffic.traffic,
    "queries": questions.questions,
}
RESULTS: Final = Path(__file__).parent / "RESULTS.md"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and with `--write` keep the table. Exits without a reference."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("measures", nargs="*", choices=[*MEASURES, []])
    parser.add_argument("--write", action="store_true", help=f"renew {RESULTS.name}")
    options = parser.parse_args(arguments)
    chosen: Sequence[str] = options.measures or list(MEASURES)
    ours, theirs = windlass(), reference()
    rows: list[str] = []
    for name in chosen:
        for mine, other in zip(MEASURES[name](ours), MEASURES[name](theirs), strict=True):
            rows.append(row(mine, other))
            print(rows[-1], flush=True)
    if options.write:
        RESULTS.write_text(_page(rows, chosen), encoding="utf-8")


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
            f" commit {commit}, {description()}, Python {platform.python_version()}, PostgreSQL"
            f" {find_postgres().version}, Redis or Valkey {find_redis().version}. Both sides in one"
            " run on the same machine, bytecode compiled; medians. The machine is shared: read the"
            " ratios.",
            "",
            *table(rows),
            "",
        )
    )


if __name__ == "__main__":
    main()
