"""Runs that are asked for, carried out by process workers, and looked at while things go wrong."""

import os
import signal
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final

import httpx
import psutil

from tests.acceptance.workers.fleet import Fleet, WorkerProcess
from tests.chaos.sizes import Sizes
from tests.chaos.verdict import FINAL, Entry, Rows, Verdict, judge, read_ledger
from tests.support.waiting import wait_until
from windlass.ids import uuid7

CODE: Final = """
import os
import time

from windlass import flow, task
from windlass.concurrency.sync import concurrency
from windlass.runtime import flow_run

folder = os.path.dirname(__file__)
if os.path.exists(f"{folder}/closed"):
    open(f"{folder}/loading-{os.environ['WINDLASS__EXECUTION_ID']}", "w").close()
    while os.path.exists(f"{folder}/closed"):
        time.sleep(0.05)


@task
def wait(gate: str | None) -> None:
    while gate and not os.path.exists(gate):
        time.sleep(0.05)


@flow
def a_flow(
    ledger: str, gate: str | None = None, seconds: float = 0.0, limit: str | None = None
) -> None:
    entry = f"{flow_run.id} {os.environ['WINDLASS__EXECUTION_ID']} {flow_run.run_count}\\n"
    file = os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, entry.encode())
    os.close(file)
    with concurrency(limit or [], lease_duration=60):
        wait.with_options(tags=[limit])(gate) if limit else wait.fn(gate)
    time.sleep(seconds)
"""
CLOSED: Final = "closed"
"""The file that keeps what begins from getting past the loading of its code."""
MORE_THAN_ENOUGH: Final = 10_000
_AT_ONCE: Final = 4


@dataclass(slots=True)
class Load:
    """A deployment of its own in a pool of its own, and the runs that were asked of it."""

    fleet: Fleet
    api: str
    rows: Rows
    sizes: Sizes
    deployment: str = ""
    asked: list[str] = field(default_factory=list[str])
    _numbers: "count[int]" = field(default_factory=count)
    _asking: "Future[list[str]] | None" = None

    @property
    def ledger(self) -> Path:
        """Where user code writes that it was entered."""
        return self.fleet.folder / "ledger"

    def deploy(self, **fields: Any) -> None:
        """Make the deployment; a limit that is never reached lets the API count its slots."""
        fields = {"concurrency_limit": MORE_THAN_ENOUGH} | fields
        self.deployment = self.fleet.deploy(CODE, self.fleet.folder, **fields)

    def ask(self, number: int, **parameters: Any) -> list[str]:
        """Ask for runs until the server has taken each of them; their ids."""
        keys = [f"{self.deployment}-{next(self._numbers)}" for _ in range(number)]
        parameters = {"ledger": str(self.ledger), **parameters}
        bodies = [{"parameters": parameters, "idempotency_key": key} for key in keys]
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            ids = list(threads.map(self._ask_once, bodies))
        self.asked += ids
        return ids

    @contextmanager
    def asking(self, number: int, **parameters: Any) -> Generator[None]:
        """The same beside the block, which ends when every run is taken."""
        with ThreadPoolExecutor(1) as thread:
            self._asking = thread.submit(lambda: self.ask(number, **parameters))
            yield
            self._asking.result()

    @contextmanager
    def running_meanwhile(self) -> Generator[Callable[[], None]]:
        """Runs that are there during the block, and as many that are asked for after it.

        It is given what lets a third of them end, and another third begin, whose processes are
        there: for when nobody answers. The others end after the block.
        """
        number = self.sizes.live
        some = number // 3
        self.fleet.start_worker("--type", "process")
        self.deploy()
        after, meanwhile, closed = (self.gate(name) for name in ("after", "meanwhile", CLOSED))
        self.ask(number - 2 * some, gate=str(after))
        self.ask(some, gate=str(meanwhile))
        self.until_entered(number - some)
        closed.touch()
        self.ask(some)
        self._wait(lambda: len(self._loading()) >= some, f"{some} runs to be loaded")

        def end_and_begin() -> None:
            meanwhile.touch()
            closed.unlink()

        yield end_and_begin
        after.touch()
        self.ask(number)

    def gate(self, name: str) -> Path:
        """A file that runs given it wait for; touch it to let them go on."""
        return self.fleet.folder / name

    def make_limit(self, slots: int) -> str:
        """A limit of so many slots, and a tag with as many, for runs that are given its name."""
        name = f"limit-{uuid7()}"
        for each in (name, f"tag:{name}"):
            body = {"name": each, "limit": slots}
            httpx.post(f"{self.api}/v2/concurrency_limits/", json=body).raise_for_status()
        return name

    def occupied(self, limit: str) -> set[int]:
        """How many slots of it, and of its tag, are taken; nothing when the server does not say."""
        found: set[int] = set()
        with suppress(httpx.HTTPError):
            for each in (limit, f"tag:{limit}"):
                answer = httpx.get(f"{self.api}/v2/concurrency_limits/{each}", timeout=20)
                found.add(answer.raise_for_status().json()["active_slots"])
        return found

    def until_occupied(self, limit: str, slots: int) -> None:
        """Wait until so many slots of it, and of its tag, are taken."""
        self._wait(lambda: self.occupied(limit) == {slots}, f"{slots} slots of {limit} to be taken")

    def entries(self) -> list[Entry]:
        return read_ledger(self.ledger)

    def go_on_through(self, times: int, fault: Callable[[], None]) -> None:
        """Let something go wrong so many times while runs are made and carried out."""
        number = self.sizes.under_load
        self.fleet.start_worker("--type", "process", "--limit", "8")
        self.deploy()
        with self.asking(number):
            for turn in range(times):
                self.until_entered(turn * number // (2 * times))
                fault()

    def until_entered(self, number: int) -> None:
        """Wait until user code was entered so often."""
        self._wait(lambda: len(self.entries()) >= number, f"{number} entries")

    def until(self, number: int, *types: str) -> None:
        """Wait until so many runs are of these types."""
        self._wait(lambda: self.count(*types) >= number, f"{number} runs to be {types}")

    def until_over(self) -> None:
        """Wait until every run has a final state, and every event of one is a row."""
        total = len(self.asked)
        self._wait(lambda: self.count(*FINAL) >= total, f"{total} runs to be over")
        self._wait(lambda: self.rows.of("SELECT count(*) FROM outbox") == [(0,)], "the relay")

    def count(self, *types: str) -> int:
        """How many runs are of these types; -1 when the server does not say."""
        wanted = {
            "deployments": {"id": {"any_": [self.deployment]}},
            "flow_runs": {"state": {"type": {"any_": list(types)}}},
        }
        try:
            answer = httpx.post(f"{self.api}/flow_runs/count", json=wanted, timeout=5)
            return answer.json() if answer.is_success else -1
        except httpx.TransportError:
            return -1

    def verdict(self) -> Verdict:
        """What became of the runs; they have to be over."""
        answer = httpx.get(f"{self.api}/deployments/{self.deployment}").raise_for_status().json()
        occupied: int = answer["global_concurrency_limit"]["active_slots"]
        return judge(self.rows, self.entries(), self.asked, occupied)

    def _loading(self) -> list[Path]:
        """A file for each process whose code has been loaded while nothing was to begin."""
        return list(self.fleet.folder.glob("loading-*"))

    def _ask_once(self, body: dict[str, Any]) -> str:
        path = f"/deployments/{self.deployment}/create_flow_run"
        return insist(f"{self.api}{path}", body, self.sizes.patience)["id"]

    def _wait(self, fact: Callable[[], bool], description: str) -> None:
        def reached() -> bool:
            if self._asking is not None and self._asking.done():
                self._asking.result()  # its error is why there is nothing to wait for
            return fact()

        wait_until(reached, timeout=self.sizes.patience, description=description)


def let_pass(seconds: float) -> None:
    """Wait until so much time is over, which is what the fault is."""
    until = time.monotonic() + seconds
    wait_until(
        lambda: time.monotonic() > until, timeout=seconds + 10, description="the time to pass"
    )


def insist(url: str, body: object, patience: float) -> Any:
    """The answer to a question that is repeated while nobody answers, or nobody can."""

    def answered() -> httpx.Response | None:
        try:
            answer = httpx.post(url, json=body, timeout=20)
        except httpx.TransportError:
            return None
        may_pass = answer.status_code >= 500 or answer.status_code == 429
        assert answer.is_success or may_pass, f"{answer.status_code}: {answer.text}"
        return answer if answer.is_success else None

    answer = wait_until(answered, timeout=patience, description=f"an answer of {url}")
    return answer.json() if answer is not None and answer.content else None


def family(worker: WorkerProcess) -> list[psutil.Process]:
    """The processes of a worker's machine: it, its fork server, and every run."""
    itself = psutil.Process(worker.running.pid)
    return [itself, *itself.children(recursive=True)]


def kill_machine(worker: WorkerProcess) -> None:
    """`kill -9` of a worker with all of its runs, as when the power goes."""
    # Stopped first: what is found is all there will be.
    found: Sequence[psutil.Process] = family(worker)
    for process in found:
        os.kill(process.pid, signal.SIGSTOP)
    for process in {*found, *family(worker)}:
        os.kill(process.pid, signal.SIGKILL)
    worker.running.wait()
