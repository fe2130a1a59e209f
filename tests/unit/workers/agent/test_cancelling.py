"""Runs that are being cancelled are stopped."""

from collections.abc import Callable

import anyio
import httpx

from tests.support.waiting import await_until
from tests.unit.workers.agent.conftest import Wire
from windlass.schemas.executions import Handle
from windlass_workers.agent.cancelling import stop_cancelled
from windlass_workers.agent.context import AgentContext
from windlass_workers.agent.runs import carry_out
from windlass_workers.agent.slots import LiveRun

Take = Callable[..., LiveRun]
FILTER, STARTED, ENDED = "/flow_runs/filter", "/executions/started", "/executions/ended"


async def test_only_the_run_that_is_being_cancelled_is_stopped(
    agent: AgentContext, wire: Wire, take: Take
) -> None:
    doomed, other = take(run_for=60), take(run_for=60)
    wire.will_answer(
        FILTER,
        httpx.Response(200, content=f"[{doomed.claimed.flow_run.model_dump_json()}]"),
    )
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(carry_out, agent, doomed)
        tasks.start_soon(carry_out, agent, other)

        async def both_started() -> bool:
            return len(wire.bodies(STARTED)) == 2

        await await_until(both_started, description="both runs to start")
        async with anyio.create_task_group() as stops:
            assert await stop_cancelled(agent, stops) == 1

        async def was_reported() -> bool:
            return bool(wire.bodies(ENDED))

        await await_until(was_reported, description="the end of the run to be reported")
        tasks.cancel_scope.cancel()
    (ended,) = wire.bodies(ENDED)
    assert ended["execution_id"] == doomed.claimed.execution_id
    assert ended["reason"] == "The run was cancelled."


async def test_a_run_that_is_being_stopped_is_not_asked_about_again(
    agent: AgentContext, wire: Wire, take: Take
) -> None:
    run = take()
    run.handle = Handle(kind="scripted", version=1, data={})
    run.stop_reason = "The run was cancelled."
    async with anyio.create_task_group() as stops:
        assert await stop_cancelled(agent, stops) == 0
    assert wire.bodies(FILTER) == []
