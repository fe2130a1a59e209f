"""Run as a program: wait for a run by its handle, as a worker that was started again does."""

import json
import sys

import anyio

from windlass.schemas.executions import Handle
from windlass_workers.catalogue import find_worker_type


async def wait(handle: Handle) -> None:
    found = find_worker_type(handle.kind)
    assert found is not None
    worker = found()

    async def tell_the_end() -> None:
        ended = await worker.wait(handle)
        print(json.dumps({"code": ended.code, "reason": ended.reason}), flush=True)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tell_the_end)
        # Not before it watches the run: one that is gone by then has vanished.
        await anyio.wait_all_tasks_blocked()
        print("waiting", flush=True)


if __name__ == "__main__":
    anyio.run(wait, Handle.model_validate_json(sys.argv[1]))
