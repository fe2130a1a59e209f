"""Facts about the run that code is a part of."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from tests.support.fake_orchestration import FakeOrchestration
from windlass import flow, runtime, tags, task
from windlass.clock import utc_now
from windlass.engine.creation import FlowCall
from windlass.engine.running import open_task_runner, run_call
from windlass.engine.session import Session
from windlass.exceptions import ConfigurationError
from windlass.ids import uuid7
from windlass.runtime import deployment, flow_run, task_run
from windlass.schemas.deployments import Deployment
from windlass.schemas.flow_runs import FlowRunCreate
from windlass.states import Pending


def test_a_flow_run_knows_itself(fake: FakeOrchestration) -> None:
    @flow(name="who", version="7")
    def who(x: int) -> dict[str, Any]:
        return {name: getattr(flow_run, name) for name in dir(flow_run)}

    with tags("a"):
        facts = who(3)

    [run] = fake.runs.values()
    assert facts == {
        "id": str(run.id),
        "tags": ["a"],
        "run_count": 1,
        "name": run.name,
        "flow_name": "who",
        "flow_version": "7",
        "scheduled_start_time": facts["scheduled_start_time"],
        "parameters": {"x": 3},
        "parent_flow_run_id": None,
        "parent_deployment_id": None,
        "root_flow_run_id": str(run.id),
        "flow_run_api_url": f"http://fake.test/api/flow_runs/{run.id}",
        "flow_run_ui_url": f"http://fake.test/runs/flow-run/{run.id}",
        "job_variables": None,
    }


def test_a_task_run_knows_itself() -> None:
    @task(tags=["t"], retries=1)
    def who(x: int) -> dict[str, Any]:
        if task_run.run_count == 1:
            raise ValueError
        return {name: getattr(task_run, name) for name in dir(task_run)}

    facts = who(3)

    run_id = UUID(facts["id"])
    assert facts == {
        "id": str(run_id),
        "name": facts["name"],
        "tags": ["t"],
        "run_count": 2,
        "task_name": "who",
        "parameters": {"x": 3},
        "task_run_api_url": f"http://fake.test/api/task_runs/{run_id}",
        "task_run_ui_url": f"http://fake.test/runs/task-run/{run_id}",
    }


def test_a_child_knows_its_parent_and_the_root(fake: FakeOrchestration) -> None:
    @flow
    def child() -> tuple[str | None, str | None]:
        return flow_run.parent_flow_run_id, flow_run.root_flow_run_id

    @flow
    def middle() -> Any:
        return flow_run.id, child()

    @flow
    def root() -> Any:
        return flow_run.id, middle()

    root_id, (middle_id, (parent_id, found_root)) = root()
    assert (parent_id, found_root) == (middle_id, root_id)


def test_a_run_of_a_deployment_knows_it(fake: FakeOrchestration, session: Session) -> None:
    found = Deployment(id=uuid7(), name="nightly", version="2", flow_id=uuid7())
    fake.deployments[found.id] = found
    run = fake.create_flow_run(
        FlowRunCreate(
            flow_id=found.flow_id,
            deployment_id=found.id,
            parameters={"x": 1},
            state=Pending().to_create(),
        )
    )

    @flow
    def deployed(x: int, y: int = 2) -> dict[str, Any]:
        return {name: getattr(deployment, name) for name in dir(deployment)}

    call = FlowCall(
        flow=deployed,
        parameters={"x": 1, "y": 2},
        open_task_runner=open_task_runner,
        flow_run=run,
    )
    assert run_call(call, session).value == {
        "id": str(found.id),
        "name": "nightly",
        "version": "2",
        "flow_run_id": str(run.id),
        "parameters": {"x": 1},
    }


def test_outside_of_runs_every_fact_is_empty() -> None:
    before = utc_now()
    facts = {
        f"{room.__name__}.{name}": getattr(room, name)
        for room in (flow_run, task_run, deployment)
        for name in dir(room)
    }

    assert facts.pop("windlass.runtime.flow_run.scheduled_start_time") >= before
    assert not any(facts.values())


def test_the_environment_may_say_what_the_facts_are(monkeypatch: pytest.MonkeyPatch) -> None:
    mocks = {
        "FLOW_RUN__NAME": "solid-gibbon",
        "FLOW_RUN__RUN_COUNT": "3",
        "FLOW_RUN__SCHEDULED_START_TIME": "2031-05-06T07:08:09",
        "TASK_RUN__FAKE_KEY": "foo",
        "DEPLOYMENT__PARAMETERS": "{}",
    }
    for name, value in mocks.items():
        monkeypatch.setenv(f"WINDLASS__RUNTIME__{name}", value)

    assert runtime.flow_run.name == "solid-gibbon"
    assert runtime.flow_run.run_count == 3
    assert runtime.flow_run.scheduled_start_time == datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
    assert getattr(runtime.task_run, "fake_key") == "foo"  # noqa: B009 (no checker knows of it)
    with pytest.raises(ConfigurationError, match="it is a dict"):
        _ = runtime.deployment.parameters


def test_there_are_no_other_facts() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        getattr(runtime.flow_run, "nonsense")  # noqa: B009
