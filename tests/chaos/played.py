"""Runs whose process is played: what it, its worker and a person ask for, at chosen moments."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any, Final

import httpx

from tests.chaos.load import Load
from windlass.clock import utc_now
from windlass.ids import uuid7

_AT_ONCE: Final = 4
"""Few enough that the last of them begins before its start deadline."""


def race_cancellation(load: Load, number: int) -> None:
    """Let so many runs begin, and complete and cancel each of them at the same moment."""
    with ThreadPoolExecutor(2) as threads:
        for run in _begun(load, number):
            start = Barrier(2)
            both = [
                threads.submit(_after, start, run.complete),
                threads.submit(_after, start, run.cancel),
            ]
            for ending in both:
                ending.result()
            run.settle()


def carry_out(load: Load, number: int, skew: timedelta) -> None:
    """Let so many runs begin and complete, by a client whose clock is off by `skew`."""
    for run in _begun(load, number, skew):
        run.complete()
        run.settle()


@dataclass(slots=True)
class PlayedRun:
    """One claimed run, and those who speak about it."""

    client: httpx.Client
    id: str
    execution_id: str
    skew: timedelta
    answer: dict[str, Any] = field(default_factory=dict[str, Any])
    """What its process was told when it wanted to complete."""

    def begin(self, ledger: Path) -> None:
        """The process presents its execution, and enters user code."""
        assert self._propose("RUNNING", leased=True)["status"] == "ACCEPT"
        with ledger.open("a") as entries:
            entries.write(f"{self.id} {self.execution_id} 1\n")

    def complete(self) -> None:
        """The process is through."""
        self.answer = self._propose("COMPLETED")

    def cancel(self) -> None:
        """A person wants it to be cancelled."""
        body = {"state": {"type": "CANCELLING"}}
        self.client.post(f"/flow_runs/{self.id}/set_state", json=body).raise_for_status()

    def settle(self) -> None:
        """The process obeys the answer that it got, and its worker sees it go."""
        state: dict[str, Any] | None = self.answer["state"]
        if state is not None and state["type"] == "CANCELLING":
            self._propose("CANCELLED")
        ended = {"execution_id": self.execution_id, "exit_code": 0, "crashed": False}
        self.client.post("/executions/ended", json=ended).raise_for_status()

    def _propose(self, kind: str, **more: Any) -> dict[str, Any]:
        state = {"type": kind, "timestamp": (utc_now() + self.skew).isoformat()}
        asked = {"execution_id": self.execution_id, "request_id": str(uuid7()), **more}
        path = f"/flow_runs/{self.id}/set_state"
        return self.client.post(path, json={"state": state, **asked}).raise_for_status().json()


def _begun(load: Load, number: int, skew: timedelta = timedelta()) -> Iterator[PlayedRun]:
    """Ask for so many runs, claim them, and let each begin."""
    load.ask(number)
    with httpx.Client(base_url=load.api, timeout=30) as client:
        while claimed := _claim(client, load.fleet.pool):
            for one in claimed:
                run = PlayedRun(client, one["flow_run"]["id"], one["execution_id"], skew)
                run.begin(load.ledger)
                yield run


def _claim(client: httpx.Client, pool: str) -> list[dict[str, Any]]:
    asked = {"worker_name": "racer", "request_id": str(uuid7()), "limit": _AT_ONCE}
    return client.post(f"/work_pools/{pool}/claim", json=asked).raise_for_status().json()["runs"]


def _after(start: Barrier, act: Callable[[], None]) -> None:
    start.wait(30)
    act()
