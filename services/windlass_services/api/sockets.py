"""What the websockets that stream out have in common: the handshake, and noticing who is gone."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, TypeVar, cast

import anyio
from pydantic import BaseModel
from starlette.websockets import WebSocket, WebSocketDisconnect

from windlass_services.api.context import ApiContext
from windlass_services.api.credentials import is_authenticated

_POLICY_VIOLATION: Final = 1008
_PATIENCE: Final = 30.0
SUBPROTOCOL: Final = "prefect"

FilterT = TypeVar("FilterT", bound=BaseModel)


async def accept_subscriber(socket: WebSocket, filter: type[FilterT]) -> FilterT | None:
    """Take a subscriber in: its credentials first, then its filter, which is returned.

    None when it does not keep to the protocol: the socket is closed then, and says why.
    """
    return await accept_authenticated(
        socket, "filter", lambda message: filter.model_validate(message["filter"])
    )


async def accept_authenticated(
    socket: WebSocket, kind: str, read: Callable[[dict[str, Any]], FilterT]
) -> FilterT | None:
    """The same for whatever the subscriber says in its second frame, which is of this kind."""
    if SUBPROTOCOL not in socket.scope.get("subprotocols", []):
        await socket.close(_POLICY_VIOLATION, "The subprotocol `prefect` is required.")
        return None
    await socket.accept(subprotocol=SUBPROTOCOL)
    try:
        with anyio.fail_after(_PATIENCE):
            message = await _expect(socket, "auth")
            if message is None or not await _may_listen(socket, message.get("token")):
                return None
            await socket.send_json({"type": "auth_success"})
            message = await _expect(socket, kind)
        return read(message) if message else None
    except WebSocketDisconnect:
        return None
    except TimeoutError:
        await socket.close(_POLICY_VIOLATION, "The handshake took too long.")
        return None
    except (ValueError, KeyError):
        await socket.close(_POLICY_VIOLATION, f"Expected JSON with a {kind} for this stream.")
        return None


async def _may_listen(socket: WebSocket, token: object) -> bool:
    """Whether the credentials came with the handshake, or are this token."""
    if is_authenticated(socket.scope):
        return True
    context: ApiContext = socket.app.state.context
    if await context.callers.known_by_token(token):
        return True
    reason = "Invalid token" if token else "Auth required but no token provided"
    await socket.close(_POLICY_VIOLATION, reason)
    return False


async def _expect(socket: WebSocket, kind: str) -> dict[str, Any] | None:
    message: Any = await socket.receive_json()
    if isinstance(message, dict):
        named = cast(dict[str, Any], message)
        if named.get("type") == kind:
            return named
    await socket.close(_POLICY_VIOLATION, f"Expected a message of type `{kind}`.")
    return None


@asynccontextmanager
async def until_gone(socket: WebSocket) -> AsyncGenerator[None]:
    """End the block quietly when the client goes away: a closed socket is noticed by reading."""

    async def notice() -> None:
        try:
            while True:
                await socket.receive()
        except (WebSocketDisconnect, RuntimeError):
            tasks.cancel_scope.cancel()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(notice)
        with suppress(WebSocketDisconnect):
            yield
        tasks.cancel_scope.cancel()
