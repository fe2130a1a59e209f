"""Our answers are those of stock Prefect, except where a decision says why not."""

import json
from collections.abc import Sequence
from typing import Final, TypeAlias

from tests.architecture.tree import ROOT
from tests.unit.orchestration.differences import (
    FLOW_RUN_DIFFERENCES,
    TASK_RUN_DIFFERENCES,
    Difference,
)
from tests.unit.orchestration.record_stock import MATRIX
from tests.unit.orchestration.situations import FLOW_RUNS, TASK_RUNS
from tests.unit.orchestration.walks import walk_flow_run, walk_task_run

DECISION: Final = ROOT / "docs/decisions/0007-transition-differences.md"
STOCK: Final = json.loads(MATRIX.read_text())

Names: TypeAlias = tuple[str, str, str]


def test_flow_runs_answer_as_stock_does_but_for_the_known_differences() -> None:
    ours = {
        names: walk_flow_run(FLOW_RUNS.situations[names[0]], names[1], names[2])[2]
        for names in FLOW_RUNS.names()
    }
    assert _unexplained(ours, "flow_runs", FLOW_RUN_DIFFERENCES) == []


def test_task_runs_answer_as_stock_does_but_for_the_known_differences() -> None:
    ours = {
        names: walk_task_run(TASK_RUNS.situations[names[0]], names[1], names[2])
        for names in TASK_RUNS.names()
    }
    assert _unexplained(ours, "task_runs", TASK_RUN_DIFFERENCES) == []


def test_the_decision_names_every_difference() -> None:
    page = DECISION.read_text()
    known = [*FLOW_RUN_DIFFERENCES, *TASK_RUN_DIFFERENCES]
    assert [difference.title for difference in known if difference.title not in page] == []


def _unexplained(ours: dict[Names, str], kind: str, differences: Sequence[Difference]) -> list[str]:
    """Differences that no reason covers, and reasons that cover none."""
    unused = {difference.title for difference in differences}
    unexplained: list[str] = []
    for names, line in ours.items():
        situation, origin, proposal = names
        stock = STOCK[kind][situation][origin][proposal]
        if line == stock:
            continue
        covering = [difference for difference in differences if difference.covers(*names)]
        unused -= {difference.title for difference in covering}
        if not covering:
            unexplained.append(f"{' | '.join(names)}: stock {stock!r}, ours {line!r}")
    return unexplained + [f"nothing differs any more: {title}" for title in sorted(unused)]
