"""What every worker type does."""

import json
import subprocess
import sys
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.streams.buffered import BufferedByteReceiveStream

from tests.conformance.workers.harnesses import Harness, Job
from tests.support.waiting import await_until
from windlass.schemas.executions import Handle
from windlass_workers.catalogue import WORKER_TYPES, find_worker_type
from windlass_workers.contract import Exit, StartFailed, Vanished, Worker

ROOT = Path(__file__).resolve().parents[3]
FOR_EVER = 60.0
NO_TIME = timedelta()
LONG = timedelta(minutes=1)


async def start_and_see(worker: Worker[Any], harness: Harness, job: Job) -> Handle:
    """Start the job and return once it is under way."""
    handle = await worker.start(*harness.prepare(job))

    async def is_going() -> bool:
        return harness.is_going(handle)

    await await_until(is_going, description="the job to begin")
    return handle


async def stop_and_wait(worker: Worker[Any], handle: Handle, grace: timedelta) -> Exit:
    """Stop a run and return how it ended, as an agent does both at once."""
    ended = Exit(None)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(worker.stop, handle, grace)
        ended = await worker.wait(handle)
    return ended


async def test_a_run_that_ends_well_exits_with_0(worker: Worker[Any], harness: Harness) -> None:
    handle = await worker.start(*harness.prepare(Job()))
    ended = await worker.wait(handle)
    assert (ended.code, ended.reason) == (0, None)


async def test_a_run_that_ends_badly_says_how(worker: Worker[Any], harness: Harness) -> None:
    handle = await worker.start(*harness.prepare(Job(exit_code=3)))
    ended = await worker.wait(handle)
    assert ended.code == 3
    assert ended.reason is not None
    assert "3" in ended.reason


async def test_a_run_that_cannot_start_says_so_and_whether_to_try_again(
    worker: Worker[Any], harness: Harness
) -> None:
    with pytest.raises(StartFailed) as caught:
        await worker.start(*harness.prepare_failure())
    assert str(caught.value)
    assert caught.value.retry_in is None


async def test_a_run_can_be_asked_to_end(worker: Worker[Any], harness: Harness) -> None:
    handle = await start_and_see(worker, harness, Job(run_for=FOR_EVER))
    ended = await stop_and_wait(worker, handle, LONG)
    assert ended.code == 143
    assert ended.reason is not None


async def test_a_run_that_does_not_listen_is_ended_by_force(
    worker: Worker[Any], harness: Harness
) -> None:
    handle = await start_and_see(worker, harness, Job(run_for=FOR_EVER, ignores_sigterm=True))
    ended = await stop_and_wait(worker, handle, timedelta(milliseconds=50))
    assert ended.code == 137


async def test_stopping_may_be_repeated(worker: Worker[Any], harness: Harness) -> None:
    handle = await start_and_see(worker, harness, Job(run_for=FOR_EVER))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(worker.stop, handle, NO_TIME)
        tasks.start_soon(worker.stop, handle, NO_TIME)
        await worker.wait(handle)
    await worker.stop(handle, LONG)


async def test_a_handle_finds_its_run_from_another_process(
    worker: Worker[Any], harness: Harness
) -> None:
    handle = await start_and_see(worker, harness, Job(run_for=FOR_EVER))
    module = "tests.conformance.workers.wait_elsewhere"
    async with await anyio.open_process(
        [sys.executable, "-m", module, handle.model_dump_json()], cwd=ROOT, stdin=subprocess.DEVNULL
    ) as elsewhere:
        assert elsewhere.stdout is not None
        said = BufferedByteReceiveStream(elsewhere.stdout)
        assert await said.receive_until(b"\n", 100) == b"waiting"
        await worker.stop(handle, LONG)
        ended = json.loads(await said.receive_until(b"\n", 1000))
    with suppress(Vanished):
        await worker.wait(handle)
    # Who is not the parent of a process is not told its status.
    assert ended["code"] in (None, 143)
    assert ended["reason"]


async def test_a_run_that_is_gone_without_a_trace_has_vanished(
    worker: Worker[Any], harness: Harness
) -> None:
    handle = await worker.start(*harness.prepare(Job()))
    await worker.wait(handle)
    kept = Handle.model_validate_json(handle.model_dump_json())
    with pytest.raises(Vanished, match="gone"):
        await harness.make().wait(kept)


async def test_environment_and_labels_arrive(worker: Worker[Any], harness: Harness) -> None:
    job = Job(run_for=FOR_EVER, environment={"COLOUR": "teal"}, labels={"team": "data"})
    handle = await start_and_see(worker, harness, job)
    seen = harness.seen(handle)
    assert seen["COLOUR"] == "teal"
    # A process has nowhere to put labels.
    assert handle.kind == "process" or seen["label:team"] == "data"
    await stop_and_wait(worker, handle, NO_TIME)


async def test_a_handle_says_what_people_look_for(worker: Worker[Any], harness: Harness) -> None:
    handle = await worker.start(*harness.prepare(Job()))
    await worker.wait(handle)
    assert handle.kind == worker.kind
    assert handle.version == worker.handle_version
    assert handle.data["infrastructure_pid"]


@pytest.mark.parametrize("kind", WORKER_TYPES)
def test_a_type_is_in_the_catalogue_under_its_own_name(kind: str) -> None:
    found = find_worker_type(kind)
    assert found is not None
    assert found.kind == kind


def test_a_type_that_does_not_exist_is_not_found() -> None:
    assert find_worker_type("teleport") is None
