"""Lifecycles per second of the hot operations alone: create + RUNNING + COMPLETED by 16 tasks.

python benchmarks/storage_hot.py sqlite
python benchmarks/storage_hot.py postgresql+asyncpg://user@host/database --rules
"""

import argparse
import asyncio
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from windlass.clock import utc_now
from windlass.ids import uuid7
from windlass.schemas.flow_runs import FlowRun
from windlass.schemas.orchestration import SetStateStatus
from windlass.schemas.states import State, StateType
from windlass_services.orchestration.policy import make_govern
from windlass_services.orchestration.transition import Terms
from windlass_services.storage.database import Database
from windlass_services.storage.hot.facts import (
    Decision,
    EndExecution,
    ExecutionWrite,
    FlowRunFacts,
    FlowRunTransition,
    OpenExecution,
    RunColumns,
)
from windlass_services.storage.hot.protocol import NewFlowRun
from windlass_services.storage.open import open_database
from windlass_services.storage.scope import Scope

SCOPE = Scope()


def accept(run: FlowRunFacts, proposal: FlowRunTransition, now: datetime) -> Decision:
    """Let everything pass, with the columns and executions that a real decision has."""
    state = proposal.proposed
    running = state.type is StateType.RUNNING
    execution: ExecutionWrite | None = None
    if running:
        lease = now + timedelta(seconds=30)
        execution = OpenExecution(now, None, presented=True, leased=True, lease_expires_at=lease)
    elif state.is_final():
        execution = EndExecution(now, state.type.value)
    return Decision(
        status=SetStateStatus.ACCEPT,
        state=state,
        columns=RunColumns(
            run_count=run.run_count + running,
            expected_start_time=run.expected_start_time or now,
            next_scheduled_start_time=None,
            start_time=now if running else run.start_time,
            end_time=now if state.is_final() else None,
            total_run_time=run.total_run_time,
            empirical_policy=run.empirical_policy,
        ),
        execution=execution,
    )


def state(type: StateType) -> State:
    return State(id=uuid7(), type=type, timestamp=utc_now())


async def live(database: Database, flow_id: UUID) -> None:
    """One lifecycle."""
    pending = state(StateType.PENDING)
    run = FlowRun(id=uuid7(), name="benchmark", flow_id=flow_id, state=pending)
    await database.hot.create_flow_runs(
        SCOPE, [NewFlowRun(run, Decision(SetStateStatus.ACCEPT, pending), work_pool_id=None)]
    )
    for type in (StateType.RUNNING, StateType.COMPLETED):
        await database.hot.transition(SCOPE, FlowRunTransition(run.id, state(type)))


async def measure(database: Database, lifecycles: int, tasks: int) -> float:
    flow_id = uuid7()
    await asyncio.gather(*(live(database, flow_id) for _ in range(tasks)))
    left = iter(range(lifecycles))

    async def work() -> None:
        for _ in left:
            await live(database, flow_id)

    started = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(tasks)))
    return lifecycles / (time.perf_counter() - started)


async def main(url: str, lifecycles: int, tasks: int, *, rules: bool) -> None:
    govern = make_govern(Terms()) if rules else accept
    with tempfile.TemporaryDirectory() as folder:
        if url == "sqlite":
            url = f"sqlite+aiosqlite:///{Path(folder) / 'windlass.db'}"
        database = await open_database(url, govern=govern, clock=utc_now)
        try:
            rate = await measure(database, lifecycles, tasks)
        finally:
            await database.close()
        decided = "the server's rules" if rules else "every state accepted"
        print(f"{database.dialect}: {rate:.0f} lifecycles/s ({tasks} tasks, {decided})")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="`sqlite`, or the URL of an empty PostgreSQL database")
    parser.add_argument("--lifecycles", type=int, default=3000)
    parser.add_argument("--tasks", type=int, default=16)
    parser.add_argument("--rules", action="store_true", help="decide by the server's rules")
    arguments = parser.parse_args()
    asyncio.run(main(arguments.url, arguments.lifecycles, arguments.tasks, rules=arguments.rules))
