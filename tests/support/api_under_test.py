"""What the tutorial's tests ask a server about runs, whatever server it is."""

from dataclasses import dataclass
from typing import Protocol

from tests.support.fake_orchestration import FakeOrchestration
from windlass.engine.session import Session
from windlass.schemas.flow_runs import FlowRun


@dataclass(frozen=True)
class SeenTaskRun:
    """A task run as the server knows it."""

    name: str
    states: list[str]
    tags: list[str]


class ApiUnderTest(Protocol):
    """A server that the flows of a test talk to. Flows are addressed by name, and ran once."""

    def flow_run(self, flow_name: str) -> FlowRun:
        """The run of a flow."""
        ...

    def states(self, flow_name: str) -> list[str]:
        """The names of all states that the run of a flow was in."""
        ...

    def task_runs(self, flow_name: str) -> list[SeenTaskRun]:
        """The task runs of the run of a flow."""
        ...

    def logs(self, flow_name: str) -> list[str]:
        """What the run of a flow and its task runs logged."""
        ...


class InMemoryApi:
    """The same, of a server in memory."""

    def __init__(self, fake: FakeOrchestration, session: Session) -> None:
        self._fake = fake
        self._session = session

    def flow_run(self, flow_name: str) -> FlowRun:
        flow_id = self._fake.flows[flow_name]
        [run] = [run for run in self._fake.runs.values() if run.flow_id == flow_id]
        return run

    def states(self, flow_name: str) -> list[str]:
        return self._fake.states_of_run(flow_name)

    def task_runs(self, flow_name: str) -> list[SeenTaskRun]:
        assert self._session.outbox.drain(5)
        run_id = self.flow_run(flow_name).id
        states = self._fake.states_of_task_runs()
        tags = {r.name: r.tags for r in self._fake.reports if r.flow_run_id == run_id}
        return [SeenTaskRun(name, states[name], tags[name]) for name in tags]

    def logs(self, flow_name: str) -> list[str]:
        assert self._session.outbox.drain(5)
        run_id = self.flow_run(flow_name).id
        return [line.message for line in self._fake.logs if line.flow_run_id == run_id]
