"""Lifecycles per second of a server: create, RUNNING, COMPLETED, by concurrent clients.

    python -m benchmarks.lifecycles http://127.0.0.1:4200/api [--clients 16] [--seconds 10]

The client is a few lines over sockets, so that what is measured is the server; the same client
measures both servers.
"""

import argparse
import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit


@dataclass(slots=True)
class Outcome:
    """What the clients saw."""

    lifecycles: int = 0
    errors: int = 0
    seconds: float = 0.0
    statuses: dict[int, int] = field(default_factory=dict[int, int])

    @property
    def per_second(self) -> float:
        """Complete lifecycles per second."""
        return self.lifecycles / self.seconds if self.seconds else 0.0


class Wire:
    """One connection, one request at a time."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._path = parts.path.rstrip("/")
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def post(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        """Send JSON; the status and the JSON of the answer."""
        return await self.send(path, json.dumps(body).encode())

    async def send(self, path: str, content: bytes) -> tuple[int, Any]:
        """The same with JSON that is encoded already."""
        if self._writer is None or self._reader is None:
            self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        head = (
            f"POST {self._path}{path} HTTP/1.1\r\nHost: {self._host}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        self._writer.write(head.encode() + content)
        return await self._answer(self._reader)

    async def _answer(self, reader: asyncio.StreamReader) -> tuple[int, Any]:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        status = int(head.split(" ", 2)[1])
        _, stated, rest = head.partition("content-length: ")
        content = await reader.readexactly(int(rest.split("\r\n")[0]) if stated else 0)
        if "connection: close" in head:
            self.close()
        return status, json.loads(content) if content else None

    def close(self) -> None:
        """Hang up."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


async def measure(url: str, *, clients: int, seconds: float) -> Outcome:
    """Let the clients go through lifecycles until the time is over."""
    outcome = Outcome()
    wire = Wire(url)
    _, flow = await wire.post("/flows/", {"name": "lifecycle"})
    wire.close()
    begun = time.perf_counter()
    until = begun + seconds
    await asyncio.gather(*(_client(url, flow["id"], until, outcome) for _ in range(clients)))
    outcome.seconds = time.perf_counter() - begun
    return outcome


async def _client(url: str, flow_id: str, until: float, outcome: Outcome) -> None:
    wire = Wire(url)
    while time.perf_counter() < until:
        try:
            is_complete = await _lifecycle(wire, flow_id, outcome)
        except (ConnectionError, asyncio.IncompleteReadError):
            wire.close()
            is_complete = False
        if is_complete:
            outcome.lifecycles += 1
        else:
            outcome.errors += 1
    wire.close()


async def _lifecycle(wire: Wire, flow_id: str, outcome: Outcome) -> bool:
    status, run = await wire.post("/flow_runs/", {"flow_id": flow_id})
    outcome.statuses[status] = outcome.statuses.get(status, 0) + 1
    if status >= 400:
        return False
    for kind in ("RUNNING", "COMPLETED"):
        body = {"state": {"type": kind}}
        status, _ = await wire.post(f"/flow_runs/{run['id']}/set_state", body)
        outcome.statuses[status] = outcome.statuses.get(status, 0) + 1
        if status >= 400:
            return False
    return True


def main() -> None:
    """Measure the server at the URL and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    outcome = asyncio.run(measure(options.url, clients=options.clients, seconds=options.seconds))
    print(f"{outcome.per_second:.0f} lifecycles/s, {outcome.errors} errors, {outcome.statuses}")


if __name__ == "__main__":
    main()
