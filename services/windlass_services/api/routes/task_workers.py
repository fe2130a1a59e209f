"""Task workers: who runs background tasks, and the websocket by which they get them."""

from typing import Annotated, Any, Final, cast
from uuid import UUID

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from pydantic import Field
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from windlass.schemas.base import Shape
from windlass.schemas.task_workers import TaskWorkerQuery, TaskWorkerResponse
from windlass_services.api.answers import answer_list
from windlass_services.api.context import ApiContext, InContext, InScope
from windlass_services.api.declaring import Body, Routes
from windlass_services.api.sockets import accept_authenticated
from windlass_services.api.task_dispatcher import TaskSubscription
from windlass_services.storage.scope import Scope
from windlass_services.storage.task_workers import read_task_workers as read_rows

router = Routes()

_POLICY_VIOLATION: Final = 1008


class Subscribe(Shape):
    """What a task worker says once it is let in: who it is, and which tasks it runs.

    A `paced` worker asks for each run, with a frame of the type `ready`, and is answered whether
    its acknowledgement still counted: `confirmed` or `withdrawn`. When it was lost before the
    answer, it names the run as `unconfirmed` when it comes back. Stock workers do not ask.
    """

    keys: Annotated[list[str], Field(min_length=1)]
    client_id: str | None = None
    paced: bool = False
    unconfirmed: list[UUID] = Field(default_factory=list[UUID])


@router.post("/task_workers/filter", response_model=list[TaskWorkerResponse], tags=["Task Workers"])
async def read_task_workers(
    context: InContext, scope: InScope, query: Annotated[TaskWorkerQuery | None, Body()] = None
) -> Response:
    """The task workers that are there, or those of them that run all of these tasks."""
    seen_since = context.clock() - context.task_dispatcher.term
    async with context.database.read() as connection:
        found = await read_rows(
            connection, scope, query and query.task_worker_filter, seen_since=seen_since
        )
    return answer_list(found)


@router.websocket("/task_runs/subscriptions/scheduled")
async def hand_out_task_runs(socket: WebSocket) -> None:
    """After the handshake: one run at a time, and the next one when it is acknowledged."""
    context: ApiContext = socket.app.state.context
    asked = await accept_authenticated(socket, "subscribe", Subscribe.model_validate)
    if asked is None:
        return
    worker = asked.client_id or _address(socket)
    said, heard = anyio.create_memory_object_stream[str](1)
    subscribed = context.task_dispatcher.subscribed(Scope(), worker, asked.keys, asked.unconfirmed)
    async with (
        subscribed as subscription,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(_listen, socket, said, tasks.cancel_scope)
        with heard:
            await _hand_out(socket, context, subscription, heard, paced=asked.paced)
        tasks.cancel_scope.cancel()


async def _hand_out(
    socket: WebSocket,
    context: ApiContext,
    subscription: TaskSubscription,
    heard: MemoryObjectReceiveStream[str],
    *,
    paced: bool,
) -> None:
    """Until the worker is gone, or does not keep to the protocol."""
    try:
        while True:
            if paced and not await _expect(socket, heard, "ready"):
                return
            run = await subscription.next()
            await socket.send_text(run.model_dump_json())
            if not await _expect(socket, heard, "ack"):
                return
            is_its_own = await context.task_dispatcher.acknowledge(subscription, run)
            if paced:
                await socket.send_json({"type": "confirmed" if is_its_own else "withdrawn"})
    except (WebSocketDisconnect, RuntimeError):
        return


async def _expect(socket: WebSocket, heard: MemoryObjectReceiveStream[str], kind: str) -> bool:
    if await heard.receive() == kind:
        return True
    await socket.close(_POLICY_VIOLATION, f"Expected a message of type `{kind}`.")
    return False


async def _listen(
    socket: WebSocket, said: MemoryObjectSendStream[str], everything: anyio.CancelScope
) -> None:
    """Pass on the type of each message; a closed socket is noticed by reading, and ends all."""
    try:
        while True:
            message: Any = await socket.receive_json()
            kind: object = None
            if isinstance(message, dict):
                kind = cast(dict[str, object], message).get("type")
            await said.send(kind if isinstance(kind, str) else "")
    except (WebSocketDisconnect, RuntimeError, ValueError, anyio.BrokenResourceError):
        everything.cancel()


def _address(socket: WebSocket) -> str:
    return f"{socket.client.host}:{socket.client.port}" if socket.client else "unknown"
