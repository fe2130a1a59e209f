"""What charts and lists of runs ask of PostgreSQL is answered by an index."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from tests.conformance.storage.govern import plain_govern
from tests.conformance.storage.world import SteppedClock
from windlass.ids import uuid7
from windlass.schemas.filters.queries import HistoryPeriod
from windlass.schemas.filters.sorting import FlowRunSort
from windlass.schemas.flow_run_inputs import FlowRunInputQuery
from windlass_services.storage import flow_run_inputs, run_histories, ui_counts
from windlass_services.storage.database import Connection, Database
from windlass_services.storage.filters.query import Filters
from windlass_services.storage.logs import read_logs_of_flow_run
from windlass_services.storage.open import open_database
from windlass_services.storage.overdue_runs import read_expired_pauses
from windlass_services.storage.paging import Window
from windlass_services.storage.run_histories import Intervals
from windlass_services.storage.scope import Scope

Ask: TypeAlias = Callable[[Connection], Awaitable[Any]]

NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)
ID = uuid7()
ALL = Filters()
INTERVALS = Intervals.of(
    HistoryPeriod(history_start=NOW - HOUR, history_end=NOW, history_interval_seconds=60)
)
SPAN = ui_counts.Span(NOW - HOUR, NOW, 20)
INPUTS = FlowRunInputQuery(prefix="a")

QUESTIONS: dict[str, Ask] = {
    "history of flow runs": lambda c: run_histories.read_flow_run_history(
        c, Scope(), ALL, INTERVALS, now=NOW
    ),
    "history of task runs": lambda c: run_histories.read_task_run_history(
        c, Scope(), ALL, INTERVALS, now=NOW
    ),
    "expired pauses": lambda c: read_expired_pauses(c, Scope(), now=NOW, limit=10),
    "inputs": lambda c: flow_run_inputs.read_flow_run_inputs(c, Scope(), ID, INPUTS, limit=1),
    "logs": lambda c: read_logs_of_flow_run(c, Scope(), ID, after=None, limit=10),
    "task runs of flow runs": lambda c: ui_counts.count_task_runs_of_flow_runs(c, Scope(), [ID]),
    "next runs": lambda c: ui_counts.read_next_runs_of_flows(c, Scope(), [ID]),
    "points": lambda c: ui_counts.read_simple_flow_runs(
        c, Scope(), ALL, FlowRunSort.EXPECTED_START_TIME_DESC, Window(10), now=NOW
    ),
    "dashboard": lambda c: ui_counts.count_ends_of_task_runs(c, Scope(), ALL, SPAN),
}


@pytest.fixture
async def postgres(postgres_url: str) -> AsyncGenerator[Database]:
    database = await open_database(postgres_url, govern=plain_govern, clock=SteppedClock())
    yield database
    await database.close()


@pytest.mark.parametrize("question", QUESTIONS)
async def test_no_question_reads_a_whole_table(postgres: Database, question: str) -> None:
    asked: list[tuple[str, Any]] = []

    def note(_c: Any, _k: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    async with postgres.write() as connection:
        # The tables are empty: without this, reading all of them is what costs least.
        await connection.execute(sa.text("SET LOCAL enable_seqscan = off"))
        listening = connection.sync_connection
        assert listening is not None
        event.listen(listening, "before_cursor_execute", note)
        await QUESTIONS[question](connection)
        event.remove(listening, "before_cursor_execute", note)
        assert asked
        for statement, parameters in asked:
            plan = await connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
            text = "\n".join(plan.scalars())
            assert "Seq Scan" not in text, text
