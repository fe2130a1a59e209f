"""One run from its claim to the report of its end; whatever happens, its slot is free again."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import anyio
import httpx
import pytest

from tests.support.waiting import await_until
from tests.unit.workers.agent.conftest import NOTHING, Wire
from windlass.schemas.state_constructors import Pending
from windlass_workers.agent.cancelling import stop_run
from windlass_workers.agent.context import AgentContext
from windlass_workers.agent.runs import carry_out
from windlass_workers.agent.slots import LiveRun

Take = Callable[..., LiveRun]
STARTED, ENDED = "/executions/started", "/executions/ended"


async def test_the_start_and_the_end_of_a_run_are_reported(
    agent: AgentContext, wire: Wire, take: Take
) -> None:
    run = take(run_for=0.1)
    await carry_out(agent, run)
    (started,), (ended,) = wire.bodies(STARTED), wire.bodies(ENDED)
    assert started["execution_id"] == ended["execution_id"] == run.claimed.execution_id
    assert started["handle"]["kind"] == "scripted"
    assert (ended["exit_code"], ended["crashed"]) == (0, False)
    assert agent.slots.free == 3


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"exit_code": 3}, "code 3"),
        ({"vanish": True}, "gone"),
        ({"start_error": "No room."}, "No room."),
        ({"run_for": "long"}, "`run_for`"),
    ],
)
async def test_a_run_that_did_not_end_well_is_reported_with_the_reason(
    agent: AgentContext, wire: Wire, take: Take, variables: dict[str, object], reason: str
) -> None:
    await carry_out(agent, take(**variables))
    (ended,) = wire.bodies(ENDED)
    assert ended["crashed"]
    assert reason in ended["reason"]
    assert agent.slots.free == 3


async def test_a_start_that_may_succeed_later_is_tried_again(
    agent: AgentContext, wire: Wire, take: Take
) -> None:
    await carry_out(agent, take(start_error="No room yet.", start_retry_in=0.01))
    assert len(wire.bodies(STARTED)) == 1
    assert not wire.bodies(ENDED)[0]["crashed"]


async def test_a_start_is_not_tried_again_after_the_server_gave_up_on_it(
    agent: AgentContext, wire: Wire, take: Take
) -> None:
    await carry_out(agent, take(start_error="No room yet.", start_retry_in=3600))
    assert wire.bodies(STARTED) == []
    assert wire.bodies(ENDED)[0]["reason"] == "No room yet."


async def test_a_start_is_tried_again_on_a_machine_whose_clock_is_fast(
    agent: AgentContext, wire: Wire, take: Take
) -> None:
    """The deadline is a moment of the server, and so is that of the claim."""
    run = take(start_error="No room yet.", start_retry_in=0.01)
    claimed_at = run.claimed.start_deadline - timedelta(hours=1)
    flow_run = run.claimed.flow_run.model_copy(update={"state": Pending(now=claimed_at)})
    deadline = claimed_at + timedelta(minutes=1)
    run.claimed = run.claimed.model_copy(update={"flow_run": flow_run, "start_deadline": deadline})
    await carry_out(agent, run)
    assert len(wire.bodies(STARTED)) == 1


async def test_why_a_run_could_not_be_started_is_in_its_log(
    agent: AgentContext, wire: Wire, take: Take
) -> None:
    run = take(start_error="No room.")
    await carry_out(agent, run)
    ((record,),) = wire.bodies("/logs/")
    assert record["flow_run_id"] == str(run.claimed.flow_run.id)
    assert "No room." in record["message"]


@pytest.mark.parametrize("status", [404, 409, 422])
async def test_a_run_that_was_deleted_meanwhile_is_let_go(
    agent: AgentContext, wire: Wire, take: Take, status: int
) -> None:
    code = {404: "not_found", 409: "superseded", 422: "invalid_request"}[status]
    gone = httpx.Response(status, json={"code": code, "detail": "gone"})
    wire.will_answer(STARTED, gone)
    wire.will_answer(ENDED, gone)
    await carry_out(agent, take(run_for=0.05))
    assert len(wire.bodies(ENDED)) == 1
    assert agent.slots.free == 3


@pytest.mark.parametrize(
    "trouble",
    [httpx.Response(500), httpx.Response(401), httpx.ReadTimeout("no answer")],
    ids=["500", "401", "timeout"],
)
async def test_the_end_of_a_run_is_reported_until_the_server_has_heard_it(
    agent: AgentContext, wire: Wire, take: Take, trouble: httpx.Response | Exception
) -> None:
    wire.will_answer(ENDED, trouble, NOTHING)
    await carry_out(agent, take())
    first, second = wire.bodies(ENDED)
    assert first == second
    assert agent.slots.free == 3


async def test_a_run_keeps_its_slot_until_its_end_is_reported(
    agent: AgentContext, wire: Wire, take: Take
) -> None:
    wire.will_answer(ENDED, httpx.Response(500))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(carry_out, agent, take())

        async def was_tried() -> bool:
            return bool(wire.bodies(ENDED))

        await await_until(was_tried, description="the first report")
        assert agent.slots.free == 2
        tasks.cancel_scope.cancel()
    assert agent.slots.free == 3


async def test_a_run_under_way_is_on_record_until_it_is_over(
    agent: AgentContext, take: Take, tmp_path: Path
) -> None:
    run = take(run_for=60)

    async def on_record() -> list[Path]:
        return list((tmp_path / "records").rglob("*.json"))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(carry_out, agent, run)
        assert len(await await_until(on_record, description="the record of the run")) == 1
        await stop_run(agent, run, agent.options.stop_grace)
    assert not await on_record()


async def test_a_run_that_was_stopped_says_why(agent: AgentContext, wire: Wire, take: Take) -> None:
    run = take(run_for=60)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(carry_out, agent, run)

        async def was_reported() -> bool:
            return bool(wire.bodies(STARTED))

        await await_until(was_reported, description="the start to be reported")
        run.stop_reason = "The run was cancelled."
        await stop_run(agent, run, agent.options.stop_grace)
    (ended,) = wire.bodies(ENDED)
    assert ended["reason"] == "The run was cancelled."
