"""An agent with the scripted type, and a server whose answers the test decides."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from tests.support.claimed_runs import claimed_run
from windlass.client.orchestration import client_for
from windlass.ids import uuid7
from windlass.schemas.work_pools import WorkPool
from windlass.settings import get_current_settings
from windlass_workers.agent.context import AgentContext
from windlass_workers.agent.options import WorkerOptions
from windlass_workers.agent.pulse import Pulse
from windlass_workers.agent.records import Records
from windlass_workers.agent.slots import LiveRun, Slots
from windlass_workers.contract import JobVariables, Worker
from windlass_workers.scripted import ScriptedWorker

Answer = httpx.Response | Exception
NOTHING = httpx.Response(204)


@dataclass(slots=True)
class Wire:
    """Between agent and server: what was asked, and the answers still to be given, by path.

    The last answer of a path is given again and again; a path without one succeeds.
    """

    asked: list[tuple[str, Any]] = field(default_factory=list[tuple[str, Any]])
    answers: dict[str, list[Answer]] = field(default_factory=dict[str, list[Answer]])

    def will_answer(self, path: str, *answers: Answer) -> None:
        self.answers[path] = list(answers)

    def bodies(self, path: str) -> list[Any]:
        return [body for asked, body in self.asked if asked == path]

    def handle(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api")
        self.asked.append((path, json.loads(request.content) if request.content else None))
        waiting = self.answers.get(path, [NOTHING])
        answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
async def agent(wire: Wire, tmp_path: Path) -> AsyncIterator[AgentContext]:
    """An agent that has joined its pool."""
    transport = httpx.MockTransport(wire.handle)
    async with client_for("http://server/api", get_current_settings(), wire=transport) as client:
        made = AgentContext(
            name="hector",
            options=WorkerOptions("pool", limit=3),
            client=client,
            worker=cast(Worker[JobVariables], ScriptedWorker()),
            pool=WorkPool(id=uuid7(), name="pool", type="scripted"),
            slots=Slots(3),
            records=Records(tmp_path / "records", uuid7()),
            pulse=Pulse(),
            heartbeat_every=timedelta(seconds=30),
            poll_every=timedelta(seconds=10),
            environment={},
        )
        yield made
        made.records.close()


@pytest.fixture
def take(agent: AgentContext) -> Callable[..., LiveRun]:
    """Take a scripted run with these variables, as a claim does."""

    def take(**variables: Any) -> LiveRun:
        run = LiveRun(claimed_run(run=variables))
        agent.slots.take(run)
        return run

    return take
