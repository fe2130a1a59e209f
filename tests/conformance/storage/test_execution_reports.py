"""What workers report about executions, on both dialects."""

from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.work import NOW, SCOPE, deploy, make_pool, make_run, open_execution
from windlass.exceptions import ObjectNotFound
from windlass.schemas.executions import ExecutionEnded, ExecutionStarted, Handle
from windlass_services.storage import executions, tables
from windlass_services.storage.database import Database
from windlass_services.storage.flow_runs import read_flow_run

HANDLE = Handle(kind="process", version=1, data={"infrastructure_pid": "host:7", "pid": 7})


async def row_of(database: Database, id: str) -> Any:
    """The row of an execution."""
    async with database.read() as connection:
        found = await connection.execute(
            sa.select(tables.execution).where(tables.execution.c.id == id)
        )
        return found.one()


async def test_a_started_execution_keeps_its_handle_and_its_run_shows_where(
    database: Database,
) -> None:
    await make_pool(database)
    run_id = await make_run(database, await deploy(database, work_pool_name="pool"))
    id = await open_execution(database, run_id)
    async with database.write() as connection:
        await executions.record_started(
            connection, SCOPE, ExecutionStarted(execution_id=id, handle=HANDLE), now=NOW
        )
        run = await read_flow_run(connection, SCOPE, run_id, now=NOW)
    assert run.infrastructure_pid == "host:7"
    assert (await row_of(database, id)).handle == HANDLE.model_dump()


async def test_a_superseded_execution_keeps_its_handle_but_the_run_does_not_show_it(
    database: Database,
) -> None:
    run_id = await make_run(database, await deploy(database))
    id = await open_execution(database, run_id)
    started = ExecutionStarted(execution_id=id, handle=HANDLE)
    async with database.write() as connection:
        await connection.execute(sa.update(tables.flow_run).values(execution_id=f"{run_id}.2"))
        await executions.record_started(connection, SCOPE, started, now=NOW)
        run = await read_flow_run(connection, SCOPE, run_id, now=NOW)
    assert run.infrastructure_pid is None
    assert (await row_of(database, id)).handle == HANDLE.model_dump()


@pytest.mark.parametrize("live", [True, False])
async def test_an_ended_execution_keeps_its_exit(database: Database, live: bool) -> None:
    run_id = await make_run(database, await deploy(database))
    id = await open_execution(database, run_id, live=live)
    ended = ExecutionEnded(execution_id=id, exit_code=137, reason="Out of memory", crashed=True)
    late = ended.model_copy(update={"reason": "Something else"})
    async with database.write() as connection:
        reported = await executions.record_ended(connection, SCOPE, ended)
        await executions.record_ended(connection, SCOPE, late)
    assert reported is not None
    assert (reported.flow_run_id, reported.is_live) == (run_id, live)
    row = await row_of(database, id)
    assert (row.exit_code, row.end_reason) == (137, "Out of memory")


async def test_a_report_about_no_execution_is_refused(database: Database) -> None:
    async with database.write() as connection:
        with pytest.raises(ObjectNotFound, match=r"'x\.1'"):
            await executions.record_started(
                connection, SCOPE, ExecutionStarted(execution_id="x.1", handle=HANDLE), now=NOW
            )
        with pytest.raises(ObjectNotFound, match=r"'x\.1'"):
            await executions.record_ended(
                connection, SCOPE, ExecutionEnded(execution_id="x.1", crashed=True)
            )
