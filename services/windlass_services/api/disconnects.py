"""Noticing that a client has hung up while it waits for an answer."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
from starlette.requests import Request


@asynccontextmanager
async def until_disconnected(request: Request) -> AsyncGenerator[None]:
    """Cancel the block when the client of this request goes away; its body has been read."""

    async def notice() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        tasks.cancel_scope.cancel()

    failure: Exception | None = None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(notice)
        try:
            yield
        except Exception as error:  # raised below: a task group would make it one of a group
            failure = error
        tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure
