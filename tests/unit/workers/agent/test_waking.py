"""A worker that was given the broker: woken by it, and at the API while it is away."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import anyio
import httpx
import pytest
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from tests.support.waiting import await_until
from tests.unit.workers.agent.conftest import Wire
from windlass.exceptions import ConfigurationError, WindlassError
from windlass.schemas.executions import ClaimedRun, ClaimResponse
from windlass_workers.agent.claims import claim_forever
from windlass_workers.agent.context import AgentContext
from windlass_workers.agent.waking import Waking

CLAIM = "/work_pools/pool/claim"


class Broker:
    """Announces what the test says, and answers or not."""

    def __init__(self) -> None:
        self.problem: WindlassError | None = None
        self.is_closed = False
        self.listened_to: list[UUID] = []
        streams = anyio.create_memory_object_stream[None](10)
        self.say: MemoryObjectSendStream[None] = streams[0]
        self.said: MemoryObjectReceiveStream[None] = streams[1]

    async def ping(self) -> None:
        if self.problem is not None:
            raise self.problem

    @asynccontextmanager
    async def listen(self, work_pool_id: UUID) -> AsyncGenerator[AsyncIterator[None]]:
        self.listened_to.append(work_pool_id)
        yield self.said

    async def close(self) -> None:
        self.is_closed = True
        self.say.close()
        self.said.close()


@pytest.fixture
async def broker() -> AsyncIterator[Broker]:
    made = Broker()
    yield made
    await made.close()


@pytest.fixture
def awake(agent: AgentContext, broker: Broker) -> Waking:
    """The agent is woken by the broker, and else hardly ever looks."""
    agent.waking = Waking(broker)
    return agent.waking


def answer(next_due: float | None = None) -> httpx.Response:
    said = ClaimResponse(runs=[], next_due_seconds=next_due)
    return httpx.Response(200, content=said.model_dump_json())


def ignore(run: ClaimedRun) -> None:
    del run


async def until_asked(wire: Wire, times: int) -> None:
    async def was_asked() -> bool:
        return len(wire.bodies(CLAIM)) == times

    await await_until(was_asked, description=f"{times} claims")
    await anyio.wait_all_tasks_blocked()


@asynccontextmanager
async def claiming(agent: AgentContext, waking: Waking) -> AsyncGenerator[None]:
    async with anyio.create_task_group() as tasks:
        await tasks.start(waking.listen, agent.pool.id)
        tasks.start_soon(claim_forever, agent, ignore)
        yield
        tasks.cancel_scope.cancel()


async def test_each_announcement_is_a_claim_that_does_not_wait(
    agent: AgentContext, wire: Wire, broker: Broker, awake: Waking
) -> None:
    wire.will_answer(CLAIM, answer())
    async with claiming(agent, awake):
        await until_asked(wire, 1)
        await broker.say.send(None)
        await until_asked(wire, 2)
    assert [asked["wait_seconds"] for asked in wire.bodies(CLAIM)] == [0, 0]
    assert broker.listened_to == [agent.pool.id]


async def test_what_is_announced_during_a_claim_is_not_missed(
    agent: AgentContext, broker: Broker, awake: Waking
) -> None:
    async with anyio.create_task_group() as tasks:
        await tasks.start(awake.listen, agent.pool.id)
        awake.look()
        await broker.say.send(None)
        await anyio.wait_all_tasks_blocked()
        with anyio.fail_after(20):
            await awake.news(60)
        tasks.cancel_scope.cancel()


async def test_a_run_that_is_due_later_is_asked_for_then(
    agent: AgentContext, wire: Wire, awake: Waking
) -> None:
    wire.will_answer(CLAIM, answer(next_due=0.01), answer())
    async with claiming(agent, awake):
        await until_asked(wire, 2)


async def test_while_the_broker_is_away_the_worker_waits_at_the_api(
    agent: AgentContext, wire: Wire, broker: Broker, awake: Waking
) -> None:
    wire.will_answer(CLAIM, answer())
    async with claiming(agent, awake), anyio.create_task_group() as watching:
        await until_asked(wire, 1)
        broker.problem = WindlassError("It is gone.")
        watching.start_soon(awake.watch)
        await until_asked(wire, 2)
        watching.cancel_scope.cancel()
    assert [asked["wait_seconds"] for asked in wire.bodies(CLAIM)] == [0, 27]
    assert not awake.is_up
    broker.problem = None
    async with anyio.create_task_group() as again:
        again.start_soon(awake.watch)
        await anyio.wait_all_tasks_blocked()
        again.cancel_scope.cancel()
    assert awake.is_up


async def test_a_broker_that_does_not_answer_at_the_start_is_named_in_the_error(
    broker: Broker,
) -> None:
    broker.problem = WindlassError("The broker at nowhere:1 does not answer.")
    opened: list[str] = []

    def open_it(url: str) -> Broker:
        opened.append(url)
        return broker

    with pytest.raises(ConfigurationError, match=r"--broker-url .* nowhere:1 does not answer"):
        await Waking.of("redis://nowhere:1", open_it)
    assert opened == ["redis://nowhere:1"]
    assert broker.is_closed
