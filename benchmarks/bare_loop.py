"""The writes of a lifecycle and nothing else: what PostgreSQL alone lets through.

One statement, and so one transaction, for each of create, RUNNING and COMPLETED.
"""

import asyncio
import json
import time
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from windlass.ids import uuid7

_WORKSPACE: Final = "00000000-0000-7000-8000-000000000001"


async def measure(postgres: str, *, connections: int, seconds: float) -> float:
    """Lifecycles per second on a database that a Windlass server has migrated."""
    pool: Any = await asyncpg.create_pool(
        postgres.replace("+asyncpg", ""), min_size=connections, max_size=connections
    )
    try:
        begun = time.perf_counter()
        counts = await asyncio.gather(
            *(_work(pool, begun + seconds) for _ in range(connections)),
        )
        return sum(counts) / (time.perf_counter() - begun)
    finally:
        await pool.close()


async def lifecycle(connection: Any, flow_id: UUID) -> UUID:
    """Write what creation, RUNNING and COMPLETED of one flow run write; its id."""
    run, seen = uuid7(), None
    for statement, type, name in (
        (_CREATE, "PENDING", "Pending"),
        (_BEGIN, "RUNNING", "Running"),
        (_END, "COMPLETED", "Completed"),
    ):
        state, now = uuid7(), datetime.now(UTC)
        told = {
            **{"name": name, "type": type, "message": None, "state_id": str(state)},
            **{"timestamp": now.isoformat(), "flow_run_id": str(run)},
            **{"initial_id": seen and str(seen), "initial_name": None, "initial_type": None},
        }
        await connection.execute(
            statement,
            *(run, state, uuid7(), now, now.date(), json.dumps({"flow_run_id": str(run)})),
            *(json.dumps(told), flow_id if seen is None else seen),
        )
        seen = state
    return run


async def _work(pool: Any, until: float) -> int:
    flow_id, done = uuid7(), 0
    async with pool.acquire() as connection:
        while time.perf_counter() < until:
            await lifecycle(connection, flow_id)
            done += 1
    return done


def _with_history(write: str, type: str, name: str, execution: str) -> str:
    """The write of a run, the history of its state and the outbox row, in one statement."""
    return (
        f"WITH {write}, history AS (INSERT INTO flow_run_state (day, id, workspace_id, flow_run_id,"
        " type, name, timestamp, state_details, execution_id, created) VALUES"
        f" ($5, $2, '{_WORKSPACE}', $1, '{type}', '{name}', $4, $6::jsonb, {execution}, $4))"
        " INSERT INTO outbox (id, workspace_id, kind, body, created)"
        f" VALUES ($3, '{_WORKSPACE}', 'flow-run-state', $7::jsonb, $4)"
    )


_POLICY: Final = json.dumps(
    {
        **{"retries": None, "resuming": False, "pause_keys": [], "retry_type": None},
        **{"max_retries": 0, "retry_delay": None, "lost_attempts": 0, "retry_delay_seconds": 0.0},
        "infrastructure_retries": 0,
    }
)
_STATE: Final = (
    "state_id = $2, state_type = '{type}', state_name = '{name}', state_timestamp = $4,"
    " state_details = $6::jsonb, updated = $4"
)
_EXECUTION: Final = "$1::uuid::text || '.1'"
_CREATE: Final = _with_history(
    "run AS (INSERT INTO flow_run (id, workspace_id, flow_id, name, parameters, context,"
    " job_variables, tags, labels, empirical_policy, expected_start_time, state_id, state_type,"
    " state_name, state_timestamp, state_details, created, updated) VALUES"
    f" ($1, '{_WORKSPACE}', $8::uuid, 'bare-' || substr($1::uuid::text, 25), '{{}}', '{{}}',"
    " '{}', '[]', jsonb_build_object('prefect.flow.id', $8::uuid::text),"
    f" '{_POLICY}', $4, $2, 'PENDING', 'Pending', $4, $6::jsonb, $4, $4))",
    "PENDING",
    "Pending",
    "NULL",
)
_BEGIN: Final = _with_history(
    f"run AS (UPDATE flow_run SET {_STATE.format(type='RUNNING', name='Running')}, run_count = 1,"
    f" start_time = $4, execution_id = {_EXECUTION}, execution_generation = 1"
    " WHERE id = $1 AND state_id = $8::uuid),"
    " opened AS (INSERT INTO execution (id, workspace_id, flow_run_id, generation, opened_at,"
    f" presented_at) VALUES ({_EXECUTION}, '{_WORKSPACE}', $1, 1, $4, $4))",
    "RUNNING",
    "Running",
    _EXECUTION,
)
_END: Final = _with_history(
    f"run AS (UPDATE flow_run SET {_STATE.format(type='COMPLETED', name='Completed')},"
    " end_time = $4, total_run_time = 1 WHERE id = $1 AND state_id = $8::uuid),"
    " ended AS (UPDATE execution SET ended_at = $4, end_reason = 'Completed'"
    f" WHERE id = {_EXECUTION})",
    "COMPLETED",
    "Completed",
    _EXECUTION,
)
