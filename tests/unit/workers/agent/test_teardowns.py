"""Teardowns that a worker is told of: taken, done and answered for."""

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, cast

import anyio
import httpx
import pytest

from tests.support.waiting import await_until
from tests.unit.workers.agent.conftest import Wire
from windlass.ids import uuid7
from windlass.schemas.executions import ClaimResponse, Handle, HeartbeatTaken
from windlass.schemas.teardowns import TEARDOWNS_HEADER
from windlass_workers.agent.claims import claim_once
from windlass_workers.agent.context import AgentContext
from windlass_workers.agent.heartbeat import beat_once
from windlass_workers.agent.runs import carry_out
from windlass_workers.agent.slots import LiveRun
from windlass_workers.agent.teardowns import tear_down, tear_down_when_told
from windlass_workers.contract import RunSpec, Unreachable
from windlass_workers.scripted import ScriptedVariables, ScriptedWorker

Take = Callable[..., LiveRun]
BeTold = Callable[[AgentContext, Wire], Awaitable[None]]
HEARTBEAT, TAKE = "/work_pools/pool/workers/heartbeat", "/work_pools/pool/teardowns/take"
TORN_DOWN, STARTED, ENDED = "/executions/torn_down", "/executions/started", "/executions/ended"


class Failing(ScriptedWorker):
    """Ends nothing."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    async def stop(self, handle: Handle, grace: timedelta) -> None:
        raise self.error


def teardown_of(handle: Handle, execution_id: str | None = None) -> httpx.Response:
    """What the server answers to who takes this one."""
    teardown = {
        "execution_id": execution_id or f"{uuid7()}.1",
        "flow_run_id": str(uuid7()),
        "handle": handle.model_dump(mode="json"),
        "attempts": 1,
    }
    return httpx.Response(200, content=json.dumps({"teardowns": [teardown]}))


async def started(take: Take) -> Handle:
    """A scripted run that runs for long, and that no agent looks after."""
    spec = RunSpec(take().claimed, "run", {}, {})
    return await ScriptedWorker().start(spec, ScriptedVariables(run_for=60))


async def beat(agent: AgentContext, wire: Wire) -> None:
    """Be told of a teardown by a heartbeat."""
    wire.will_answer(HEARTBEAT, httpx.Response(204, headers={TEARDOWNS_HEADER: "1"}))
    wire.will_answer("/work_pools/pool", httpx.Response(200, content=agent.pool.model_dump_json()))
    await beat_once(agent)


async def claim(agent: AgentContext, wire: Wire) -> None:
    """Be told of a teardown by a claim."""
    answer = ClaimResponse(runs=[], heartbeat=HeartbeatTaken(teardowns=1)).model_dump_json()
    wire.will_answer("/work_pools/pool/claim", httpx.Response(200, content=answer))
    await claim_once(agent, lambda _: None, wait=0)


@pytest.mark.parametrize("be_told", [beat, claim])
async def test_teardowns_that_the_server_tells_of_are_done(
    agent: AgentContext, wire: Wire, take: Take, be_told: BeTold
) -> None:
    handle = await started(take)
    wire.will_answer(TAKE, teardown_of(handle))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tear_down_when_told, agent)
        await be_told(agent, wire)

        async def was_answered() -> bool:
            return bool(wire.bodies(TORN_DOWN))

        await await_until(was_answered, description="the teardown to be answered")
        tasks.cancel_scope.cancel()
    [said] = wire.bodies(TORN_DOWN)
    assert (said["outcome"], said["worker_name"]) == ("gone", "hector")
    [asked] = wire.bodies(TAKE)
    assert (asked["worker_name"], asked["place"]) == ("hector", None)


async def test_nothing_is_asked_for_while_no_teardown_waits(
    agent: AgentContext, wire: Wire
) -> None:
    wire.will_answer("/work_pools/pool", httpx.Response(200, content=agent.pool.model_dump_json()))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tear_down_when_told, agent)
        await beat_once(agent)
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()
    assert wire.bodies(TAKE) == []


@pytest.mark.parametrize(
    ("error", "outcome", "reason"),
    [
        (Unreachable("It is elsewhere."), "unreachable", "It is elsewhere."),
        (PermissionError("not ours"), "failed", "PermissionError: not ours"),
    ],
)
async def test_what_could_not_be_ended_is_answered_with_the_reason(
    agent: AgentContext, wire: Wire, take: Take, error: Exception, outcome: str, reason: str
) -> None:
    agent.worker = cast(Any, Failing(error))
    wire.will_answer(TAKE, teardown_of(await started(take)))
    await tear_down(agent)
    [said] = wire.bodies(TORN_DOWN)
    assert (said["outcome"], said["reason"]) == (outcome, reason)


@pytest.mark.parametrize("other", [{"kind": "docker"}, {"version": 2}])
async def test_a_handle_that_the_worker_does_not_understand_is_for_others(
    agent: AgentContext, wire: Wire, other: dict[str, Any]
) -> None:
    handle = Handle.model_validate({"kind": "scripted", "version": 1, "data": {}, **other})
    wire.will_answer(TAKE, teardown_of(handle))
    await tear_down(agent)
    [said] = wire.bodies(TORN_DOWN)
    assert said["outcome"] == "unreachable"


async def test_a_run_that_the_worker_sees_through_itself_is_ended_and_reported_once(
    agent: AgentContext, wire: Wire, take: Take
) -> None:
    run = take(run_for=60)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(carry_out, agent, run)

        async def has_started() -> bool:
            return bool(wire.bodies(STARTED))

        await await_until(has_started, description="the run to start")
        assert run.handle is not None
        wire.will_answer(TAKE, teardown_of(run.handle, run.claimed.execution_id))
        await tear_down(agent)
    [said] = wire.bodies(TORN_DOWN)
    assert said["outcome"] == "gone"
    [ended] = wire.bodies(ENDED)
    assert ended["reason"] == "The execution was over: another one may own the run."


async def test_a_server_that_does_not_answer_is_asked_again_with_the_next_heartbeat(
    agent: AgentContext, wire: Wire
) -> None:
    wire.will_answer(TAKE, httpx.Response(404, json={"detail": "no such pool"}))
    await tear_down(agent)
    assert wire.bodies(TORN_DOWN) == []
