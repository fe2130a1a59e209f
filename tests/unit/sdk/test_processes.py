"""What a process of its own shows: imports, signals, the embedded server."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[3]

SAYS_ITS_STATES = """
import asyncio, sys, threading
from tests.support.fake_orchestration import FakeOrchestration
from windlass import flow
from windlass.engine.session import Session, use_session
from windlass.reporting.outbox import Outbox

class Loud(FakeOrchestration):
    def propose_flow_run_state(self, proposal):
        print(proposal.state.name, flush=True)
        return super().propose_flow_run_state(proposal)

def hang():
    threading.Event().wait(20)

async def hang_async():
    await asyncio.Event().wait()

fake = Loud()
with use_session(Session(fake, Outbox(fake.post))):
    if sys.argv[1] == "async":
        asyncio.run(flow(hang_async)())
    else:
        flow(hang)()
"""

IMPORTS = """
import json, sys
from windlass import flow, task, get_run_logger, tags, unmapped, allow_failure

@flow
def f(): ...

@task
def t(): ...

print(json.dumps(sorted(name.partition(".")[0] for name in sys.modules)))
import windlass.flow_engine
print(json.dumps(sorted(name.partition(".")[0] for name in sys.modules)))
"""

CALLS_A_FLOW = """
from windlass import flow, task

@task
def add(x: int, y: int) -> int:
    return x + y

@flow
def sums(n: int) -> int:
    return sum(add.map(range(n), 1).result())

print(sums(3))
"""


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("kind", ["plain", "async"])
@pytest.mark.parametrize(
    ("number", "expected"), [(signal.SIGTERM, -signal.SIGTERM), (signal.SIGINT, None)]
)
def test_a_signal_crashes_the_run_and_ends_the_process_as_ever(
    kind: str, number: signal.Signals, expected: int | None
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SAYS_ITS_STATES, kind],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "Running\n"
        process.send_signal(number)
        said, _ = process.communicate(timeout=20)

    assert said.split() == ["Crashed"]
    assert process.returncode == (-signal.SIGINT if expected is None else expected)


def test_importing_a_module_of_flows_imports_next_to_nothing() -> None:
    light, heavy = map(json.loads, run(IMPORTS).stdout.splitlines())

    assert {"pydantic", "httpx", "asyncio", "anyio", "concurrent"}.isdisjoint(light)
    unwanted = {"asyncio", "anyio", "rich", "click", "sqlalchemy", "fastapi", "yaml", "uvicorn"}
    assert unwanted.isdisjoint(heavy)


def test_a_script_without_an_api_just_runs(tmp_path: Path) -> None:
    done = run(CALLS_A_FLOW, WINDLASS_HOME=str(tmp_path))

    assert done.stdout == "6\n", done.stderr
    assert "Finished in state Completed()" in done.stderr
    wait_until(
        lambda: not _processes_with(f"WINDLASS_HOME={tmp_path}"),
        timeout=20,
        description="the embedded server to end",
    )


def test_where_embedded_servers_are_not_allowed_a_script_says_what_to_do() -> None:
    done = run(CALLS_A_FLOW, WINDLASS_SERVER_EPHEMERAL_ENABLED="false")

    assert done.returncode == 1
    assert "windlass server start" in done.stderr.splitlines()[-1]
    assert "WINDLASS_API_URL" in done.stderr.splitlines()[-1]


def _processes_with(variable: str) -> list[str]:
    found: list[str] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if variable.encode() in (process / "environ").read_bytes().split(b"\0"):
                found.append(process.name)
        except OSError:
            continue
    return [pid for pid in found if int(pid) != os.getpid()]
