"""The health endpoint of a worker: enough HTTP for probes and for Prometheus, and no more."""

import json
import logging
from functools import partial
from typing import Final

import anyio
from anyio.abc import SocketStream, TaskStatus
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from windlass_workers.agent.context import AgentContext

_log: Final = logging.getLogger("windlass.workers")
_JSON: Final = "application/json"
_TIME_TO_ASK: Final = 5.0
_LARGEST_QUESTION: Final = 16_384
_PHRASES: Final = {200: "OK", 404: "Not Found", 405: "Method Not Allowed", 503: "Unavailable"}


async def serve_health(
    agent: AgentContext, host: str, port: int, *, task_status: TaskStatus[None]
) -> None:
    """Answer `/health`, `/health/live`, `/health/ready` and `/metrics` until cancelled."""
    listener = await anyio.create_tcp_listener(local_host=host, local_port=port)
    async with listener:
        _log.info("The health endpoint listens on http://%s:%s/health", host, port)
        task_status.started()
        await listener.serve(partial(_serve_one, agent))


def answer(agent: AgentContext, path: str) -> tuple[int, str, bytes]:
    """Status, content type and body for one path."""
    match path:
        case "/metrics":
            return 200, CONTENT_TYPE_LATEST, _metrics(agent)
        case "/health" | "/health/live":
            late = agent.pulse.late()
            message = "Worker may be unresponsive at this time" if late else "OK"
            return _as_json(503 if late else 200, {"message": message, "late": late})
        case "/health/ready":
            # Ready is a worker that is known to the server; it may well be full.
            return _as_json(200, {"message": "OK"})
        case _:
            return _as_json(404, {"message": "Not Found"})


async def _serve_one(agent: AgentContext, stream: SocketStream) -> None:
    async with stream:
        try:
            with anyio.move_on_after(_TIME_TO_ASK):
                method, path = await _question(stream)
                status, kind, body = (
                    answer(agent, path)
                    if method in ("GET", "HEAD")
                    else _as_json(405, {"message": "Method Not Allowed"})
                )
                head = (
                    f"HTTP/1.1 {status} {_PHRASES[status]}\r\nContent-Type: {kind}\r\n"
                    f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
                )
                await stream.send(head.encode() + (b"" if method == "HEAD" else body))
        except (anyio.EndOfStream, anyio.BrokenResourceError, ValueError):
            return  # a port scanner, or a probe that hung up


async def _question(stream: SocketStream) -> tuple[str, str]:
    """Method and path. Raises ValueError for what is no HTTP."""
    head = b""
    while b"\r\n\r\n" not in head:
        head += await stream.receive()
        if len(head) > _LARGEST_QUESTION:
            raise ValueError("the head of the request is too large")
    method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
    return method, target.partition("?")[0]


def _as_json(status: int, body: dict[str, object]) -> tuple[int, str, bytes]:
    return status, _JSON, json.dumps(body).encode()


def _metrics(agent: AgentContext) -> bytes:
    registry = CollectorRegistry()
    live = Gauge("windlass_worker_live_runs", "Runs under way.", registry=registry)
    live.set(len(agent.slots.live))
    age = Gauge(
        "windlass_worker_last_success_age_seconds",
        "Seconds since a loop of the worker last succeeded.",
        ["loop"],
        registry=registry,
    )
    for loop, seconds in agent.pulse.ages().items():
        age.labels(loop).set(seconds)
    return generate_latest(registry)
