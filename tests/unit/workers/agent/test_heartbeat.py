"""Saying that the agent is there: in claims where it claims, else by heartbeats."""

import time
from datetime import UTC, datetime, timedelta

import anyio
import httpx
import pytest

from tests.support.claimed_runs import claimed_run
from tests.support.waiting import await_until
from tests.unit.workers.agent.conftest import Wire
from windlass.schemas.executions import ClaimedRun, ClaimResponse, HeartbeatTaken
from windlass.schemas.work_pools import WorkPool
from windlass_workers.agent.claims import claim_once, longest_wait
from windlass_workers.agent.context import AgentContext
from windlass_workers.agent.heartbeat import beat_forever
from windlass_workers.agent.slots import LiveRun

CLAIM, HEARTBEAT = "/work_pools/pool/claim", "/work_pools/pool/workers/heartbeat"
POOL = "/work_pools/pool"


def answer(heartbeat: HeartbeatTaken | None, *runs: ClaimedRun) -> httpx.Response:
    said = ClaimResponse(runs=list(runs), heartbeat=heartbeat)
    return httpx.Response(200, content=said.model_dump_json())


def pool_of(agent: AgentContext, **changed: object) -> httpx.Response:
    return httpx.Response(200, content=agent.pool.model_copy(update=changed).model_dump_json())


async def claim(agent: AgentContext) -> int:
    return await claim_once(agent, lambda run: agent.slots.take(LiveRun(run)), wait=0)


async def test_a_claim_is_a_heartbeat_when_one_is_due_soon(agent: AgentContext, wire: Wire) -> None:
    wire.will_answer(CLAIM, answer(HeartbeatTaken(teardowns=0)))
    await claim(agent)
    await claim(agent)
    agent.signs.told_at -= agent.heartbeat_every.total_seconds() / 2
    await claim(agent)
    said = [body["heartbeat_interval_seconds"] for body in wire.bodies(CLAIM)]
    assert said == [30, None, 30]


async def test_who_says_it_in_claims_sends_no_heartbeats(agent: AgentContext, wire: Wire) -> None:
    wire.will_answer(CLAIM, answer(HeartbeatTaken(teardowns=0)))
    agent.signs.told_at = time.monotonic() - agent.heartbeat_every.total_seconds() + 0.5
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(beat_forever, agent)
        await anyio.wait_all_tasks_blocked()
        await claim(agent)
        await anyio.sleep(0.7)  # the heartbeat would have been due
        tasks.cancel_scope.cancel()
    assert wire.bodies(HEARTBEAT) == []


async def test_a_server_that_hears_nothing_in_claims_is_sent_heartbeats(
    agent: AgentContext, wire: Wire
) -> None:
    wire.will_answer(CLAIM, answer(None))
    wire.will_answer(POOL, pool_of(agent))
    await claim(agent)
    agent.heartbeat_every = timedelta(seconds=0.05)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(beat_forever, agent)

        async def has_beaten() -> bool:
            await claim(agent)
            return len(wire.bodies(HEARTBEAT)) >= 2

        await await_until(has_beaten, description="heartbeats beside the claims")
        tasks.cancel_scope.cancel()


async def test_a_pool_that_changed_is_read_before_its_runs_start(
    agent: AgentContext, wire: Wire
) -> None:
    changed = datetime.now(UTC)
    taken = HeartbeatTaken(teardowns=0, work_pool_updated=changed)
    template = {"job_configuration": {"command": "new"}}
    wire.will_answer(CLAIM, answer(taken, claimed_run()), answer(taken))
    wire.will_answer(POOL, pool_of(agent, updated=changed, base_job_template=template))
    known: list[object] = []
    await claim_once(agent, lambda _: known.append(agent.pool.base_job_template), wait=0)
    assert known == [template]
    agent.signs.told_at -= agent.heartbeat_every.total_seconds()
    await claim(agent)
    assert len(wire.bodies(POOL)) == 1


@pytest.mark.parametrize("problem", [httpx.Response(404), httpx.ConnectError("gone")])
async def test_runs_are_not_lost_with_a_pool_that_cannot_be_read(
    agent: AgentContext, wire: Wire, problem: httpx.Response | Exception
) -> None:
    taken = HeartbeatTaken(teardowns=0, work_pool_updated=datetime.now(UTC))
    wire.will_answer(CLAIM, answer(taken, claimed_run()))
    wire.will_answer(POOL, problem)
    known = agent.pool
    assert await claim(agent) == 1
    assert agent.pool is known


async def test_runs_are_not_lost_when_the_worker_stops_while_it_reads_the_pool(
    agent: AgentContext, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = datetime.now(UTC)
    taken = HeartbeatTaken(teardowns=0, work_pool_updated=changed)
    wire.will_answer(CLAIM, answer(taken, claimed_run()))
    changed_pool = agent.pool.model_copy(update={"updated": changed})
    async with anyio.create_task_group() as tasks:

        async def read_slowly(name: str) -> WorkPool:
            del name
            tasks.cancel_scope.cancel()
            await anyio.sleep(0.01)
            return changed_pool

        monkeypatch.setattr(agent.client, "read_work_pool", read_slowly)
        tasks.start_soon(claim, agent)
    assert len(agent.slots.live) == 1
    assert agent.pool is changed_pool


@pytest.mark.parametrize(("poll", "beat", "wait"), [(10, 30, 27), (2, 30, 6), (60, 300, 60)])
def test_a_claim_waits_for_three_polls_but_less_than_a_heartbeat_or_a_proxy(
    poll: float, beat: float, wait: float
) -> None:
    assert longest_wait(poll, beat) == wait
