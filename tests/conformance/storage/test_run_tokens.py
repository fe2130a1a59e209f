"""Which executions a run token may be good for, on both backends."""

from tests.conformance.storage.world import SCOPE, World
from windlass.ids import uuid7
from windlass.schemas.states import StateType
from windlass_services.storage.run_tokens import (
    AFTER_THE_END,
    find_or_create_signing_key,
    may_speak,
)


async def is_good(world: World, execution_id: str) -> bool:
    async with world.database.read() as connection:
        return await may_speak(connection, SCOPE, execution_id, now=world.clock())


async def test_the_key_is_made_once(world: World) -> None:
    keys: set[bytes] = set()
    for _ in range(2):
        async with world.database.write() as connection:
            keys.add(await find_or_create_signing_key(connection, SCOPE, now=world.clock()))
    assert [len(key) for key in keys] == [32]


async def test_an_execution_may_speak_from_its_candidate_to_a_while_after_its_end(
    world: World,
) -> None:
    queue = await world.queue()
    run = await world.create(StateType.SCHEDULED, queue=queue, due_in=-1)
    first, second = f"{run.id}.1", f"{run.id}.2"
    assert await is_good(world, first)
    [claimed] = await world.claim(queue)
    assert claimed.execution_id == first
    assert await is_good(world, first)
    assert await is_good(world, second)
    await world.propose(run.id, StateType.RUNNING, execution_id=first)
    await world.propose(run.id, StateType.COMPLETED, execution_id=first)
    world.clock.step(AFTER_THE_END.total_seconds())
    assert await is_good(world, first)
    world.clock.step(1)
    assert not await is_good(world, first)


async def test_there_is_nothing_to_say_for_runs_that_are_gone(world: World) -> None:
    assert not await is_good(world, f"{uuid7()}.1")
