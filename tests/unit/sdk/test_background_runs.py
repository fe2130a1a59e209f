"""Tasks that are delayed, as the server is told; and what a task worker makes of them."""

import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.fake_orchestration import FakeOrchestration
from windlass import allow_failure, flow, tags, task, unmapped
from windlass.engine.deferral import begin_deferred, read_call, refuse_deferred
from windlass.engine.drivers import drive
from windlass.engine.session import Session
from windlass.engine.task_run import TaskOutcome, task_run
from windlass.exceptions import ConfigurationError, ParameterTypeError
from windlass.futures import WindlassDistributedFuture, WindlassFuture
from windlass.ids import uuid7
from windlass.results import read_result
from windlass.schemas.states import StateType
from windlass.schemas.task_runs import TaskRun
from windlass.task_worker import TaskWorker
from windlass.utilities.importtools import load_script_as_module


@pytest.fixture(autouse=True)
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Results of this test only."""
    monkeypatch.setenv("WINDLASS_RESULTS_LOCAL_STORAGE_PATH", str(tmp_path / "results"))


@task(retries=2, tags=["math"])
def add(a: int, b: int = 1) -> int:
    return a + b


@task
def fail() -> None:
    raise ValueError("why")


def run_of(fake: FakeOrchestration, future: WindlassFuture[Any]) -> TaskRun:
    return fake.background_runs[future.task_run_id]


def carried_out(served: Any, run: TaskRun, session: Session) -> TaskOutcome:
    """What comes of a run in a task worker."""
    call = drive(begin_deferred(served, run, read_call(run), session), session)
    return drive(task_run(call, session), session)


def test_a_delayed_run_is_scheduled_for_a_task_worker(fake: FakeOrchestration) -> None:
    with tags("night"):
        run = run_of(fake, add.delay(1))
    assert run.task_key == add.task_key
    assert run.tags == ["math", "night"]
    assert run.flow_run_id is None
    assert run.state is not None
    assert run.state.type is StateType.SCHEDULED
    assert run.state.state_details.deferred
    assert read_call(run).parameters == {"a": 1, "b": 1}


def test_a_delayed_run_belongs_to_no_flow_run(fake: FakeOrchestration) -> None:
    @flow
    def delaying() -> None:
        add.delay(1)

    delaying()
    [run] = fake.background_runs.values()
    assert run.flow_run_id is None


def test_the_event_of_the_scheduled_state_is_the_clients(
    fake: FakeOrchestration, session: Session
) -> None:
    run = run_of(fake, add.delay(1))
    assert session.outbox.drain(5)
    [report] = fake.reports
    assert (report.id, [state.id for state in report.states]) == (
        run.id,
        [run.state_id or _id(run)],
    )


def _id(run: TaskRun) -> Any:
    assert run.state is not None
    return run.state.id


def test_parameters_that_cannot_be_stored_are_refused_before_anything_is_scheduled(
    fake: FakeOrchestration,
) -> None:
    with pytest.raises(ParameterTypeError, match="'add' cannot be handed to a task worker"):
        add.delay(lambda: 1)  # pyright: ignore[reportArgumentType]
    assert fake.background_runs == {}


def test_a_method_of_an_object_is_refused() -> None:
    class Adder:
        @task
        def method(self, a: int) -> int:
            return a

    with pytest.raises(ConfigurationError, match="method of an object"):
        Adder().method.delay(1)


def test_one_run_is_delayed_for_each_element(fake: FakeOrchestration) -> None:
    futures = add.map([1, 2], unmapped(3), deferred=True)
    calls = [read_call(run_of(fake, future)).parameters for future in futures]
    assert calls == [{"a": 1, "b": 3}, {"a": 2, "b": 3}]


def test_a_future_of_a_background_run_is_waited_for_where_the_run_is(
    fake: FakeOrchestration,
) -> None:
    first = add.delay(1)
    run = run_of(fake, add.apply_async((allow_failure(first),), wait_for=[first]))
    call = read_call(run)
    assert call.parameters["a"].unwrap() == first
    assert call.wait_for == [first]
    assert [one.id for one in run.task_inputs["a"] if one.input_type == "task_run"] == [
        first.task_run_id
    ]


def test_a_future_of_this_process_is_replaced_by_its_result(fake: FakeOrchestration) -> None:
    @flow
    def delaying() -> int:
        add.apply_async((add.submit(1, 1),))
        return 0

    delaying()
    [run] = fake.background_runs.values()
    assert read_call(run).parameters["a"] == 2


def test_a_taken_run_goes_on_from_where_it_is(fake: FakeOrchestration, session: Session) -> None:
    run = run_of(fake, add.delay(1, 2))
    outcome = carried_out(add, run, session)
    assert (outcome.record.id, outcome.value) == (run.id, 3)
    assert session.outbox.drain(5)
    states = [state for report in fake.reports for state in report.states]
    assert [state.name for state in states] == ["Scheduled", "Pending", "Running", "Completed"]
    assert states[1].details == {"task_parameters_id": str(_details(run))}
    assert read_result(states[-1].data) == 3  # pyright: ignore[reportArgumentType]


def _details(run: TaskRun) -> Any:
    assert run.state is not None
    return run.state.state_details.task_parameters_id


def test_attempts_of_a_lost_worker_count(fake: FakeOrchestration, session: Session) -> None:
    run = run_of(fake, add.delay(1)).model_copy(update={"run_count": 1})
    assert carried_out(add, run, session).record.run_count == 2
    assert session.outbox.drain(5)
    assert "Retrying" in [state.name for report in fake.reports for state in report.states]


def test_an_exception_is_stored_for_the_futures(fake: FakeOrchestration, session: Session) -> None:
    outcome = carried_out(fail, run_of(fake, fail.delay()), session)
    assert isinstance(outcome.error, ValueError)
    assert session.outbox.drain(5)
    stored = fake.reports[-1].states[-1].data
    assert isinstance(read_result(stored), ValueError)  # pyright: ignore[reportArgumentType]


def test_a_result_that_cannot_be_stored_does_not_fail_the_run(
    fake: FakeOrchestration, session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    @task
    def local() -> Callable[[], int]:
        return lambda: 1

    outcome = carried_out(local, run_of(fake, local.delay()), session)
    assert outcome.record.state().name == "Completed"
    assert session.outbox.drain(5)
    assert fake.reports[-1].states[-1].data is None
    assert "cannot be stored" in caplog.text


def test_a_run_whose_parameters_are_gone_fails_and_says_so(
    fake: FakeOrchestration, session: Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run = run_of(fake, add.delay(1))
    monkeypatch.setenv("WINDLASS_RESULTS_LOCAL_STORAGE_PATH", str(tmp_path / "elsewhere"))
    with pytest.raises(Exception, match="There is no result") as missing:
        read_call(run)
    drive(refuse_deferred(run, missing.value), session)
    assert session.outbox.drain(5)
    last = fake.reports[-1].states[-1]
    assert (last.name, "share its folder" in (last.message or "")) == ("Failed", True)


def test_a_future_knows_only_its_run() -> None:
    future: WindlassDistributedFuture[int] = WindlassDistributedFuture(uuid7())
    copy = pickle.loads(pickle.dumps(future))
    assert copy == future
    assert {copy, future} == {future}
    assert future != WindlassDistributedFuture(uuid7())


def test_the_key_of_a_task_is_the_same_in_a_script_and_in_a_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "jobs_of_a_script.py").write_text(
        "from windlass import task\n\n@task\ndef work(): ...\n"
    )
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    imported = __import__("jobs_of_a_script")
    script = load_script_as_module(tmp_path / "jobs_of_a_script.py")
    assert script.work.task_key == imported.work.task_key


@pytest.mark.parametrize("wrong", [{"limit": 0}, {"tasks": ()}])
def test_a_worker_that_could_do_nothing_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        TaskWorker(*wrong.get("tasks", (add,)), limit=wrong.get("limit", 1))


def test_a_worker_without_a_limit_has_no_number_of_free_places() -> None:
    worker = TaskWorker(add, limit=None)
    assert (worker.available_tasks, worker.current_tasks, worker.started) == (None, 0, False)
    assert TaskWorker(add, limit=3).available_tasks == 3
