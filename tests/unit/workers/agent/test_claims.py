"""Taking runs of a pool."""

from collections.abc import Callable

import anyio
import httpx
import pytest

from tests.support.claimed_runs import claimed_run
from tests.support.waiting import await_until
from tests.unit.workers.agent.conftest import Wire
from windlass.schemas.executions import ClaimedRun, ClaimResponse
from windlass_workers.agent.claims import claim_forever, claim_once
from windlass_workers.agent.context import AgentContext
from windlass_workers.agent.slots import LiveRun

CLAIM = "/work_pools/pool/claim"


def answer(*runs: ClaimedRun) -> httpx.Response:
    return httpx.Response(200, content=ClaimResponse(runs=list(runs)).model_dump_json())


@pytest.fixture
def taken(agent: AgentContext) -> Callable[[ClaimedRun], None]:
    """What an agent does with each claimed run, but for starting it."""

    def take(claimed: ClaimedRun) -> None:
        agent.slots.take(LiveRun(claimed))

    return take


Taken = Callable[[ClaimedRun], None]


async def test_as_many_runs_are_asked_for_as_there_is_room(
    agent: AgentContext, wire: Wire, taken: Taken
) -> None:
    taken(claimed_run())
    wire.will_answer(CLAIM, answer())
    await claim_once(agent, taken, wait=5)
    (asked,) = wire.bodies(CLAIM)
    assert (asked["limit"], asked["wait_seconds"], asked["worker_name"]) == (2, 5, "hector")


@pytest.mark.parametrize(
    "lost",
    [httpx.ReadTimeout("no answer"), httpx.Response(500), httpx.Response(404)],
    ids=["timeout", "500", "404"],
)
async def test_a_claim_whose_answer_was_lost_is_repeated_as_the_same_claim(
    agent: AgentContext, wire: Wire, taken: Taken, lost: httpx.Response | Exception
) -> None:
    run = claimed_run()
    wire.will_answer(CLAIM, lost, answer(run))
    assert await claim_once(agent, taken, wait=0) == 1
    first, second = wire.bodies(CLAIM)
    assert first == second
    assert list(agent.slots.live) == [run.execution_id]


async def test_every_claim_has_an_id_of_its_own(
    agent: AgentContext, wire: Wire, taken: Taken
) -> None:
    wire.will_answer(CLAIM, answer())
    await claim_once(agent, taken, wait=0)
    await claim_once(agent, taken, wait=0)
    first, second = wire.bodies(CLAIM)
    assert first["request_id"] != second["request_id"]


async def test_a_run_that_is_under_way_is_not_started_again(
    agent: AgentContext, wire: Wire, taken: Taken
) -> None:
    run = claimed_run()
    wire.will_answer(CLAIM, answer(run))
    assert await claim_once(agent, taken, wait=0) == 1
    assert await claim_once(agent, taken, wait=0) == 0


async def test_a_full_worker_asks_for_nothing_until_a_run_ends(
    agent: AgentContext, wire: Wire, taken: Taken
) -> None:
    for _ in range(3):
        taken(claimed_run())
    wire.will_answer(CLAIM, answer())
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(claim_forever, agent, taken)
        await anyio.wait_all_tasks_blocked()
        assert wire.bodies(CLAIM) == []
        agent.slots.release(next(iter(agent.slots.live.values())))

        async def was_asked() -> bool:
            return bool(wire.bodies(CLAIM))

        await await_until(was_asked, description="a claim")
        tasks.cancel_scope.cancel()
    assert wire.bodies(CLAIM)[0]["limit"] == 1
