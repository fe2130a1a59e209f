"""The probes as an ASGI application of their own, for processes that serve no API."""

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final

from windlass_services.runtime.exposition import CONTENT_TYPE, exposition
from windlass_services.runtime.health import live_answer, ready_answer
from windlass_services.runtime.pulse import Pulse

_Message = MutableMapping[str, Any]
_JSON: Final = "application/json"


class ProbeApp:
    """Answers `/health/live`, `/health/ready` and `/metrics`; 404 for the rest."""

    def __init__(
        self, pulse: Pulse, dependencies: Mapping[str, Callable[[], Awaitable[None]]]
    ) -> None:
        self._pulse = pulse
        self._dependencies = dependencies

    async def __call__(
        self,
        scope: _Message,
        receive: Callable[[], Awaitable[_Message]],
        send: Callable[[_Message], Awaitable[None]],
    ) -> None:
        """ASGI 3, HTTP only."""
        del receive
        if scope["type"] != "http":
            return
        status, kind, body = await self._answer(scope["path"])
        headers = [(b"content-type", kind.encode()), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, path: str) -> tuple[int, str, bytes]:
        if path == "/metrics":
            return 200, CONTENT_TYPE, exposition(self._pulse)
        if path == "/health/live":
            status, body = live_answer(self._pulse)
        elif path == "/health/ready":
            status, body = await ready_answer(self._dependencies)
        else:
            status, body = 404, {"detail": "Not found"}
        return status, _JSON, json.dumps(body).encode()
