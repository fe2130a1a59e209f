"""Task runs that the server orchestrates: slots of their tags, and cached states."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from tests.unit.orchestration.plant import SCOPE, Plant
from windlass.clock import utc_now
from windlass.schemas.concurrency_limits import ConcurrencyLimitCreate
from windlass.schemas.orchestration import (
    OrchestrationResult,
    SetStateStatus,
    StateWaitDetails,
)
from windlass.schemas.state_constructors import Cancelling, Completed, Failed, Pending, Running
from windlass.schemas.states import State, StateDetails
from windlass.schemas.task_runs import TaskRunCreate
from windlass_services.storage.concurrency_limits import LimitKey
from windlass_services.storage.tag_limits import read_tag_limit, set_tag_limit
from windlass_services.storage.task_runs import find_or_create_task_run


async def limit(plant: Plant, tag: str, slots: int) -> None:
    wanted = ConcurrencyLimitCreate(tag=tag, concurrency_limit=slots)
    async with plant.database.write() as connection:
        await set_tag_limit(connection, SCOPE, wanted, now=utc_now())


async def holders(plant: Plant, tag: str) -> list[UUID]:
    async with plant.database.read() as connection:
        found = await read_tag_limit(connection, SCOPE, LimitKey.of_tag(tag), now=utc_now())
    return found.active_slots


async def a_task_run(plant: Plant, *tags: str) -> UUID:
    wanted = TaskRunCreate(task_key="t", dynamic_key=str(uuid4()), tags=list(tags))
    async with plant.database.write() as connection:
        id, _ = await find_or_create_task_run(connection, SCOPE, wanted, now=utc_now())
    return id


async def propose(
    plant: Plant, id: UUID, state: State, *, force: bool = False
) -> OrchestrationResult:
    return await plant.orchestrator.propose_task_run(SCOPE, id, state, force=force)


async def test_a_running_task_holds_a_slot_until_it_is_over(plant: Plant) -> None:
    await limit(plant, "db", 1)
    first, second = await a_task_run(plant, "db", "free"), await a_task_run(plant, "db")
    assert (await propose(plant, first, Running())).status is SetStateStatus.ACCEPT
    assert await holders(plant, "db") == [first]

    waiting = await propose(plant, second, Running())
    assert waiting.status is SetStateStatus.WAIT
    assert isinstance(waiting.details, StateWaitDetails)
    assert waiting.details.reason == "The limit of 1 running tasks tagged 'db' is reached."

    await propose(plant, first, Completed())
    assert await holders(plant, "db") == []
    assert (await propose(plant, second, Running())).status is SetStateStatus.ACCEPT


async def test_a_task_that_is_being_cancelled_still_holds_its_slot(plant: Plant) -> None:
    await limit(plant, "db", 1)
    id = await a_task_run(plant, "db")
    await propose(plant, id, Running())
    await propose(plant, id, Cancelling(), force=True)
    assert await holders(plant, "db") == [id]
    await propose(plant, id, Failed(), force=True)
    assert await holders(plant, "db") == []


async def test_force_takes_no_slot(plant: Plant) -> None:
    await limit(plant, "db", 1)
    id = await a_task_run(plant, "db")
    await propose(plant, id, Running(), force=True)
    assert await holders(plant, "db") == []


async def test_a_tag_that_is_closed_aborts(plant: Plant) -> None:
    await limit(plant, "db", 0)
    refused = await propose(plant, await a_task_run(plant, "db"), Running())
    assert refused.status is SetStateStatus.ABORT


async def test_runs_that_start_at_once_never_exceed_the_limit(plant: Plant) -> None:
    await limit(plant, "a", 2)
    await limit(plant, "b", 3)
    runs = [await a_task_run(plant, *(("a", "b"), ("b", "a"), ("b",))[n % 3]) for n in range(12)]
    answers = await asyncio.gather(*(propose(plant, run, Running()) for run in runs))
    accepted = [answer for answer in answers if answer.status is SetStateStatus.ACCEPT]
    assert len(accepted) == 3
    assert len(await holders(plant, "b")) == 3
    assert len(await holders(plant, "a")) <= 2


def running(key: str, **details: bool) -> State:
    return Running(state_details=StateDetails.model_validate({"cache_key": key, **details}))


def completed(key: str, expires_in: float | None = None, data: str = "known") -> State:
    expires = None if expires_in is None else utc_now() + timedelta(seconds=expires_in)
    details = StateDetails(cache_key=key, cache_expiration=expires)
    return Completed(state_details=details, data={"v": data})


async def test_a_result_that_is_known_is_not_made_again(plant: Plant) -> None:
    first, second = await a_task_run(plant), await a_task_run(plant)
    await propose(plant, first, running("key"))
    await propose(plant, first, completed("key"))
    answer = await propose(plant, second, running("key"))
    assert answer.status is SetStateStatus.REJECT
    assert answer.state is not None
    assert (answer.state.name, answer.state.data) == ("Cached", {"v": "known"})


async def test_the_result_that_was_stored_last_counts(plant: Plant) -> None:
    for data in ("old", "new"):
        id = await a_task_run(plant)
        await propose(plant, id, Running(), force=True)
        await propose(plant, id, completed("key", data=data))
    answer = await propose(plant, await a_task_run(plant), running("key"))
    assert answer.state is not None
    assert answer.state.data == {"v": "new"}


@pytest.mark.parametrize(
    ("stored", "asked"),
    [
        (completed("key", expires_in=-1), running("key")),
        (completed("other"), running("key")),
        (completed("key"), running("key", refresh_cache=True)),
        (completed("key"), Running()),
        (Failed(state_details=StateDetails(cache_key="key")), running("key")),
    ],
    ids=["expired", "another key", "refresh", "no key", "failed"],
)
async def test_what_is_not_in_the_cache_runs(plant: Plant, stored: State, asked: State) -> None:
    first = await a_task_run(plant)
    await propose(plant, first, Pending())
    await propose(plant, first, Running())
    await propose(plant, first, stored)
    answer = await propose(plant, await a_task_run(plant), asked)
    assert answer.status is SetStateStatus.ACCEPT


async def test_a_key_that_the_run_itself_has_is_no_stored_result(plant: Plant) -> None:
    wanted = TaskRunCreate(task_key="t", dynamic_key="0", cache_key="key")
    async with plant.database.write() as connection:
        id, _ = await find_or_create_task_run(connection, SCOPE, wanted, now=utc_now())
    await propose(plant, id, Running())
    await propose(plant, id, Completed())
    answer = await propose(plant, await a_task_run(plant), running("key"))
    assert answer.status is SetStateStatus.ACCEPT
