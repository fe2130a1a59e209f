"""Renewing leases."""

import asyncio
from datetime import timedelta

from tests.conformance.storage.world import NOON, SCOPE, World
from windlass.schemas.executions import Intent
from windlass.schemas.flow_runs import FlowRun
from windlass.schemas.states import StateDetails, StateType
from windlass_services.storage import tables
from windlass_services.storage.hot.facts import FlowRunTransition
from windlass_services.storage.hot.protocol import Renewal, RenewalOutcome

LEASE = timedelta(seconds=30)


async def start(world: World) -> tuple[FlowRun, str]:
    """A run and its live execution."""
    run = await world.create()
    outcome = await world.propose(run.id, StateType.RUNNING)
    assert outcome.execution_id is not None
    return run, outcome.execution_id


async def renew(world: World, *execution_ids: str) -> list[RenewalOutcome]:
    renewals = [Renewal(id) for id in execution_ids]
    return await world.database.hot.renew(SCOPE, renewals, world.clock(), LEASE)


async def expiry(world: World, execution_id: str) -> object:
    [row] = await world.rows(tables.execution, tables.execution.c.id == execution_id)
    return row["lease_expires_at"]


async def test_a_renewal_extends_the_lease_of_a_live_execution(world: World) -> None:
    _, execution = await start(world)
    world.clock.step(20)
    assert await renew(world, execution) == [RenewalOutcome(execution, Intent.NONE)]
    assert await expiry(world, execution) == NOON + timedelta(seconds=50)


async def test_an_execution_that_renews_is_leased_from_then_on(world: World) -> None:
    run = await world.create()
    claimed = await world.propose(run.id, StateType.PENDING)
    assert claimed.execution_id is not None
    await renew(world, claimed.execution_id)
    [row] = await world.rows(tables.execution)
    assert (row["leased"], row["lease_expires_at"]) == (True, NOON + LEASE)


async def test_a_run_that_is_being_cancelled_is_told_and_still_extended(world: World) -> None:
    run, execution = await start(world)
    await world.propose(run.id, StateType.CANCELLING)
    world.clock.step(10)
    assert await renew(world, execution) == [RenewalOutcome(execution, Intent.CANCEL)]
    assert await expiry(world, execution) == NOON + timedelta(seconds=40)


async def test_a_suspended_run_is_told_and_a_paused_one_goes_on_waiting(world: World) -> None:
    for reschedule, intent in ((True, Intent.SUSPEND), (False, Intent.NONE)):
        run, execution = await start(world)
        details = StateDetails(pause_reschedule=reschedule)
        state = world.state(StateType.PAUSED, state_details=details)
        await world.database.hot.transition(SCOPE, FlowRunTransition(run.id, state))
        assert await renew(world, execution) == [RenewalOutcome(execution, intent)]


async def test_an_execution_that_ended_must_stop_and_keeps_its_lease(world: World) -> None:
    run, execution = await start(world)
    await world.propose(run.id, StateType.CRASHED)
    world.clock.step(10)
    assert await renew(world, execution) == [RenewalOutcome(execution, Intent.STOP)]
    assert await expiry(world, execution) == NOON + LEASE


async def test_a_superseded_execution_must_stop(world: World) -> None:
    run, first = await start(world)
    await world.propose(run.id, StateType.CRASHED)
    second = await world.propose(run.id, StateType.RUNNING)
    assert second.execution_id is not None
    assert await renew(world, second.execution_id, first) == [
        RenewalOutcome(second.execution_id, Intent.NONE),
        RenewalOutcome(first, Intent.STOP),
    ]


async def test_an_unknown_execution_must_stop(world: World) -> None:
    assert await renew(world, "nobody.1") == [RenewalOutcome("nobody.1", Intent.STOP)]
    assert await renew(world) == []


async def test_answers_come_in_the_order_asked(world: World) -> None:
    started = [await start(world) for _ in range(6)]
    for run, _ in started[::2]:
        await world.propose(run.id, StateType.CANCELLING)
    ids = [execution for _, execution in started]
    answers = await renew(world, *ids)
    assert [answer.execution_id for answer in answers] == ids
    assert [answer.intent for answer in answers] == [Intent.CANCEL, Intent.NONE] * 3


async def test_renewals_and_ends_at_once_do_not_lock_each_other_out(world: World) -> None:
    started = [await start(world) for _ in range(30)]
    ids = [execution for _, execution in started]
    ends = [world.propose(run.id, StateType.COMPLETED) for run, _ in reversed(started)]
    renewals = [renew(world, *ids[::step]) for step in (1, -1, 2, -2)]
    await asyncio.gather(*ends, *renewals)
    assert {answer.intent for answer in await renew(world, *ids)} == {Intent.STOP}
