"""The whole policy as tables, so that a change of a rule shows up as a diff to review."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.support.golden import assert_golden
from tests.unit.orchestration.situations import FLOW_RUNS, TASK_RUNS, Situation, Walk
from tests.unit.orchestration.walks import walk_flow_run, walk_task_run
from windlass.schemas.orchestration import SetStateStatus
from windlass_services.storage.hot.facts import (
    Decision,
    Dispatch,
    EndExecution,
    OpenExecution,
    PresentExecution,
    Withdraw,
)

GOLDENS: Final = Path(__file__).with_name("goldens")
LEGEND: Final = """\
A accepted   R rejected: another state, if it names one   X aborted   W told to wait (seconds)
+ opens an execution   ! its user code starts   - ends it
> may be handed to a worker   < may not any more
"""
REVIEWED: Final = {
    "ad hoc": FLOW_RUNS.situations["ad hoc"],
    "with infrastructure": FLOW_RUNS.situations["with infrastructure"],
    "in a work pool": Situation(deployed=True, in_pool=True),
    "in a work pool, with retries": Situation(deployed=True, in_pool=True, retries=1),
    "in a work pool, forced": Situation(deployed=True, in_pool=True, forced=True),
}


def test_the_flow_run_policy_is_the_one_that_was_reviewed() -> None:
    def cell(situation: str, origin: str, proposal: str) -> str:
        _, decision, _ = walk_flow_run(REVIEWED[situation], origin, proposal)
        return _outcome(proposal, decision) + _writes(decision)

    tables = [_table(name, FLOW_RUNS, cell) for name in REVIEWED]
    assert_golden(GOLDENS / "flow_runs.txt", "\n".join([LEGEND, *tables]))


def test_the_task_run_policy_is_the_one_that_was_reviewed() -> None:
    def cell(situation: str, origin: str, proposal: str) -> str:
        line = walk_task_run(TASK_RUNS.situations[situation], origin, proposal)
        status, state, *_ = line.split()
        return _status(SetStateStatus(status), proposal, state.partition("/")[2], line)

    tables = [_table(name, TASK_RUNS, cell) for name in TASK_RUNS.situations]
    assert_golden(GOLDENS / "task_runs.txt", "\n".join([LEGEND, *tables]))


def _table(situation: str, walk: Walk, cell: Callable[[str, str, str], str]) -> str:
    rows = [["", *walk.proposals]]
    rows += [
        [origin, *(cell(situation, origin, proposal) for proposal in walk.proposals)]
        for origin in walk.origins
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join([f"## {situation}", *lines, ""])


def _outcome(proposal: str, decision: Decision) -> str:
    name = decision.state.name if decision.state else ""
    delay = f" in {decision.retry_after:.0f}s" if decision.retry_after is not None else ""
    return _status(decision.status, proposal, name, delay or "unchanged" * (not name))


def _status(status: SetStateStatus, proposal: str, state_name: str, line: str) -> str:
    letter = {"ACCEPT": "A", "REJECT": "R", "ABORT": "X", "WAIT": "W"}[status]
    if " in " in line:
        return letter + line.partition(" in ")[2].split("s")[0]
    if "unchanged" in line or state_name == proposal.partition("(")[0]:
        return letter
    return f"{letter} {state_name}"


def _writes(decision: Decision) -> str:
    marks = ""
    match decision.execution:
        case OpenExecution(presented=presented):
            marks += "+!" if presented else "+"
        case PresentExecution():
            marks += "!"
        case EndExecution():
            marks += "-"
        case None:
            pass
    match decision.dispatch:
        case Dispatch():
            marks += ">"
        case Withdraw():
            marks += "<"
        case None:
            pass
    return f" {marks}" if marks else ""
