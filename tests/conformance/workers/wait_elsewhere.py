"""Run as a program: wait for a run by its handle, as a worker that was started again does."""

import json
import sys

import anyio

from windlass.schemas.executions import Handle
from windlass_workers.catalogue import find_worker_type


async def wait(handle: Handle) -> None:
    found = find_worker_type(handle.kind)
    assert found is not None
    print("waiting", flush=True)
    ended = await found().wait(handle)
    print(json.dumps({"code": ended.code, "reason": ended.reason}), flush=True)


if __name__ == "__main__":
    anyio.run(wait, Handle.model_validate_json(sys.argv[1]))
