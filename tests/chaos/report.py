"""The table of what came of faults, and the page that holds it."""

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from benchmarks.machine import description
from tests.chaos.sizes import FORM, SEED
from tests.chaos.verdict import Verdict
from tests.support.server_binaries import find_postgres, find_redis
from windlass import __version__

ROW: Final = "chaos"
"""The name under which a test keeps its row."""
HEADS: Final[tuple[str, ...]] = (
    "fault",
    "backend",
    "size",
    "lost",
    "doubled",
    "stuck",
    "ended",
    "final events an execution",
    "slots left",
    "recovery (s)",
    "held",
)


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one fault. `recovery` is in seconds: from its end until every run was over."""

    fault: str
    backend: str
    size: str
    verdict: Verdict
    recovery: float
    held: bool

    def cells(self) -> list[str]:
        """As they stand in the table."""
        verdict = self.verdict
        ended = ", ".join(
            f"{count} {name.lower()}" for name, count in sorted(verdict.ended.items())
        )
        numbers = (verdict.lost, verdict.doubled, verdict.stuck, ended, verdict.terminal_events)
        said = (self.fault, str(self.backend), self.size, *map(str, numbers), str(verdict.slots))
        return [*said, f"{self.recovery:.1f}", "yes" if self.held else "no"]


def page(rows: Sequence[list[str]], before: str = "") -> str:
    """The whole page. What it held `before` stays where this run has no row of it, and all but the
    day is the same: a fault can be tried alone after the others."""
    versions = (
        f"Windlass {__version__}, Python {platform.python_version()},"
        f" PostgreSQL {find_postgres().version}, Redis or Valkey {find_redis().version}"
    )
    form, machine = f"Form `{FORM}`, seed {SEED}, ", f", {description()}. {versions}."
    measured = {_fault(cells): cells for cells in rows}
    kept = _rows_of(before) if form in before and machine in before else []
    everything = {_fault(cells): cells for cells in kept} | measured
    table = [list(HEADS), ["---"] * len(HEADS), *sorted(everything.values())]
    lines = "\n".join(f"| {' | '.join(cells)} |" for cells in table)
    return _PAGE.format(terms=f"{form}{datetime.now(UTC).date()}{machine}", table=lines)


def _rows_of(written: str) -> list[list[str]]:
    lines = [line for line in written.splitlines() if line.startswith("| ")]
    return [line.strip("| ").split(" | ") for line in lines[2:]]


def _fault(cells: Sequence[str]) -> tuple[str, ...]:
    """What a row is of: the fault and the backend, and of clocks how far they are off."""
    return (*cells[:2], cells[2].partition(" ")[0] if cells[2][0] in "+-" else "")


_PAGE: Final = """# Reliability

Written by `make test-chaos`; do not edit. The tests are in `tests/chaos`: real services, workers
and runs as processes, and faults while they are at work.

{terms}

{table}

- **lost**: runs and task runs that the server had accepted and does not know afterwards, or calls
  completed though their code was never entered.
- **doubled**: pairs of (run, attempt) whose code was entered more than once. The code writes a line
  into a file outside of Windlass whenever it is entered.
- **stuck**: runs without a final state.
- **final events an execution**: how many events of a final state each execution that ended had, and
  each run that ended without one: 1, or else the number that is not 1.
- **slots left**: live executions, and slots of the deployment as the API counts them, when all runs
  are over.
- **recovery**: from the end of the fault until every run was over, including the runs that were
  still waiting for their turn.
- **held**: all of this is as it has to be, and the runs ended as they have to. Where it says no,
  the test of the fault names the reason and is expected to fail.
"""
