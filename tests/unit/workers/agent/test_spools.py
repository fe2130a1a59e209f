"""What dead processes could not tell is told by the agent; what living ones have is theirs."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import anyio
import httpx
import pytest

from tests.support.waiting import await_until
from tests.unit.workers.agent.conftest import Wire
from windlass.reporting.folders import of_refused, of_this_machine
from windlass.reporting.routes import LOGS_ROUTE, REPORTS_ROUTE
from windlass.reporting.spool import Spool
from windlass_workers.agent.context import AgentContext
from windlass_workers.agent.runs import carry_out
from windlass_workers.agent.slots import LiveRun
from windlass_workers.agent.spools import adopt_forever, adopt_of

Take = Callable[..., LiveRun]
LOGS, REPORTS, ENDED = LOGS_ROUTE.path, REPORTS_ROUTE.path, "/executions/ended"


@pytest.fixture
def adopting(agent: AgentContext, tmp_path: Path) -> AgentContext:
    """The agent, and it has a folder of spools."""
    return replace(agent, spools=tmp_path / "spool")


def leave(agent: AgentContext, execution_id: str | None, *, is_alive: bool = False) -> Spool:
    """What a process of an execution left, or still has."""
    assert agent.spools is not None
    about = {"api_url": agent.client.api_url, "execution_id": execution_id, "process_id": 1}
    spool = Spool(of_this_machine(agent.spools), about)
    spool.keep(LOGS_ROUTE, [b'{"message":"a"}', b'{"message":"b"}'])
    spool.keep(REPORTS_ROUTE, [b'{"id":"1"}'])
    if not is_alive:
        spool.forget()
    return spool


async def test_what_a_run_left_is_told_before_its_end(
    adopting: AgentContext, wire: Wire, take: Take
) -> None:
    run = take(exit_code=137)
    spool = leave(adopting, run.claimed.execution_id)
    await carry_out(adopting, run)
    assert [path for path, _ in wire.asked if path in (REPORTS, LOGS, ENDED)] == [
        REPORTS,
        LOGS,
        ENDED,
    ]
    assert wire.bodies(LOGS) == [[{"message": "a"}, {"message": "b"}]]
    assert not spool.folder.exists()


async def test_what_a_living_process_or_another_run_has_is_left_alone(
    adopting: AgentContext, wire: Wire
) -> None:
    living = leave(adopting, "one", is_alive=True)
    other = leave(adopting, "two")
    await adopt_of(adopting, "one")
    assert wire.bodies(LOGS) == []
    assert other.folder.exists()
    living.remove()


async def test_at_its_start_an_agent_tells_all_but_what_its_own_runs_have(
    adopting: AgentContext, wire: Wire, take: Take
) -> None:
    own = leave(adopting, take().claimed.execution_id)
    script, stranger = leave(adopting, None), leave(adopting, "of a dead worker")

    async def are_told() -> bool:
        return not (script.folder.exists() or stranger.folder.exists())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(adopt_forever, adopting)
        await await_until(are_told, description="the spools to be told")
        tasks.cancel_scope.cancel()
    assert own.folder.exists()
    assert len(wire.bodies(LOGS)) == 2


@pytest.mark.parametrize(("status", "times"), [(503, 6), (403, 1)])
async def test_a_server_that_does_not_take_it_now_is_asked_again(
    adopting: AgentContext, wire: Wire, status: int, times: int
) -> None:
    spool = leave(adopting, "one")
    refusal = httpx.Response(status, headers={"Retry-After": "0"})
    wire.will_answer(REPORTS, *[refusal] * times, httpx.Response(201))
    await adopt_of(adopting, "one")
    assert not spool.folder.exists()
    assert wire.bodies(LOGS)


async def test_what_the_server_refuses_for_good_is_kept_and_blocks_nothing(
    adopting: AgentContext, wire: Wire
) -> None:
    assert adopting.spools is not None
    spool = leave(adopting, "one")
    wire.will_answer(REPORTS, httpx.Response(422, json={"detail": "no such state"}))
    await adopt_of(adopting, "one")
    assert wire.bodies(LOGS)
    assert not spool.folder.exists()
    [letter] = of_refused(adopting.spools).iterdir()
    assert json.loads(letter.read_bytes())["lines"] == [{"id": "1"}]
