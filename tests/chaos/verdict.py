"""What became of a load: one function reads the database and the ledger, and says it in numbers."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg

FINAL: Final = frozenset({"COMPLETED", "FAILED", "CRASHED", "CANCELLED"})


@dataclass(frozen=True, slots=True)
class Entry:
    """User code of a run was entered, by this execution, for the n-th time as the run counts."""

    flow_run_id: str
    execution_id: str
    run_count: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of the runs that were asked for."""

    asked: int
    lost: int
    """Runs that the server took and does not know, or calls completed though nothing ran."""
    doubled: int
    """Pairs of (run, attempt) in which user code was entered more than once."""
    stuck: int
    """Runs that are not over."""
    ended: Counter[str]
    """The types of the final states."""
    terminal_states: int
    """Most final states that one execution wrote."""
    terminal_events: int
    """Most events of one final state; 0 when there is a final state without one."""
    slots: int
    """Executions that still hold a slot, and slots of the deployment as the API counts them."""

    def complain(self, *, either: Sequence[str] = (), **ended: int) -> list[str]:
        """What is wrong, if anything.

        So many runs have to have `ended` in these ways, and the others completed; or all of them
        in `either` of these.
        """
        expected = Counter({name.upper(): count for name, count in ended.items()})
        expected["COMPLETED"] = self.asked - expected.total()
        if either and self.ended.keys() <= set(either) and self.ended.total() == self.asked:
            expected = self.ended
        wrong = [f"{name} = {getattr(self, name)}" for name in _NONE if getattr(self, name)]
        wrong += [f"{name} = {getattr(self, name)}" for name in _ONE if getattr(self, name) != 1]
        if self.ended != +expected:
            wrong.append(f"the runs ended {dict(self.ended)}, not {dict(+expected)}")
        return wrong


_NONE: Final = ("lost", "doubled", "stuck", "slots")
_ONE: Final = ("terminal_states", "terminal_events")


@dataclass(frozen=True, slots=True)
class Rows:
    """The tables of a server, read beside it."""

    address: str
    """A PostgreSQL URL, or the file of the embedded database."""

    def of(self, statement: str) -> list[tuple[Any, ...]]:
        """Every row that a statement in words of both dialects finds; ids are text."""
        if "://" not in self.address:
            with sqlite3.connect(f"file:{self.address}?mode=ro", uri=True, timeout=30) as found:
                return [tuple(map(_plain, row)) for row in found.execute(statement)]
        with ThreadPoolExecutor(max_workers=1) as thread:
            return thread.submit(lambda: asyncio.run(self._fetch(statement))).result()

    async def _fetch(self, statement: str) -> list[tuple[Any, ...]]:
        connection: Any = await asyncpg.connect(self.address.replace("+asyncpg", ""))
        try:
            return [tuple(map(_plain, row)) for row in await connection.fetch(statement)]
        finally:
            await connection.close()


def _plain(value: Any) -> Any:
    """Ids as text in their usual spelling: SQLite keeps them without dashes."""
    if isinstance(value, str) and len(value) == 32 and value.isalnum():
        return str(UUID(value))
    return str(value) if isinstance(value, UUID) else value


def read_ledger(path: Path) -> list[Entry]:
    """Every entry of user code, in order."""
    lines = path.read_text().splitlines() if path.exists() else []
    return [Entry(run, execution, int(count)) for run, execution, count in map(str.split, lines)]


def judge(rows: Rows, ledger: Sequence[Entry], asked: Sequence[str], occupied: int) -> Verdict:
    """The verdict on the runs of these ids; `occupied` slots are what the API counts.

    The outbox has to be empty, so that every event is written.
    """
    runs = {run: state for run, state in rows.of("SELECT id, state_type FROM flow_run")}
    entered = {entry.flow_run_id for entry in ledger}
    attempts = Counter((entry.flow_run_id, entry.run_count) for entry in ledger)
    ours = set(asked)
    ended = Counter(runs[run] for run in ours if runs.get(run) in FINAL)
    states = [row for row in rows.of(_FINAL_STATES) if row[1] in ours]
    events = Counter(event for (event,) in rows.of(_EVENTS))
    live = [row for row in rows.of(_LIVE) if row[0] in ours]
    is_lost = [run not in runs or (runs[run] == "COMPLETED" and run not in entered) for run in ours]
    return Verdict(
        asked=len(ours),
        lost=sum(is_lost),
        doubled=sum(count > 1 for count in attempts.values()),
        stuck=sum(runs.get(run) not in FINAL for run in ours),
        ended=ended,
        terminal_states=_worst(Counter(row[2] or row[1] for row in states)),
        terminal_events=_worst(Counter({row[0]: events[row[0]] for row in states})),
        slots=max(len(live), occupied),
    )


def _worst(counts: Counter[str]) -> int:
    """The count that is not 1, if there is one."""
    return next((count for count in counts.values() if count != 1), 1)


_TYPES: Final = ", ".join(f"'{name}'" for name in sorted(FINAL))
_FINAL_STATES: Final = (
    f"SELECT id, flow_run_id, execution_id FROM flow_run_state WHERE type IN ({_TYPES})"
)
_EVENTS: Final = "SELECT id FROM event WHERE event LIKE 'prefect.flow-run.%'"
_LIVE: Final = "SELECT flow_run_id FROM execution WHERE ended_at IS NULL"
