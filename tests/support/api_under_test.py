"""What the tutorial's tests ask a server about runs, whatever server it is."""

from dataclasses import dataclass
from typing import Protocol

from tests.support.fake_orchestration import FakeOrchestration
from windlass.client.orchestration import SyncWindlassClient
from windlass.engine.session import Session
from windlass.schemas.filters.flow_runs import FlowRunFilter, FlowRunFilterId
from windlass.schemas.filters.flows import FlowFilter, FlowFilterName
from windlass.schemas.filters.logs import LogFilter, LogFilterFlowRunId, LogQuery
from windlass.schemas.filters.queries import FlowRunQuery, TaskRunQuery
from windlass.schemas.flow_runs import FlowRun
from windlass.schemas.states import State


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


class ServerApi:
    """The same, of a server of its own, asked over HTTP. The latest run of a flow counts."""

    def __init__(self, client: SyncWindlassClient, session: Session) -> None:
        self._client = client
        self._session = session

    def flow_run(self, flow_name: str) -> FlowRun:
        flows = FlowFilter(name=FlowFilterName(any_=[flow_name]))
        return self._client.read_flow_runs(FlowRunQuery(flows=flows, limit=1))[0]

    def states(self, flow_name: str) -> list[str]:
        return _names(self._client.read_flow_run_states(self.flow_run(flow_name).id))

    def task_runs(self, flow_name: str) -> list[SeenTaskRun]:
        assert self._session.outbox.drain(5)
        flow_runs = FlowRunFilter(id=FlowRunFilterId(any_=[self.flow_run(flow_name).id]))
        runs = self._client.read_task_runs(TaskRunQuery(flow_runs=flow_runs))
        runs.sort(key=lambda run: run.id)
        return [
            SeenTaskRun(run.name, _names(self._client.read_task_run_states(run.id)), run.tags)
            for run in runs
        ]

    def logs(self, flow_name: str) -> list[str]:
        assert self._session.outbox.drain(5)
        flow_run_id = LogFilterFlowRunId(any_=[self.flow_run(flow_name).id])
        query = LogQuery(logs=LogFilter(flow_run_id=flow_run_id))
        return [line.message for line in self._client.read_logs(query)]


def _names(states: list[State]) -> list[str]:
    return [state.name for state in sorted(states, key=lambda state: state.timestamp)]
