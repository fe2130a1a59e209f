"""How a task run goes, as the server is told."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.fake_orchestration import FakeOrchestration
from windlass import allow_failure, flow, tags, task
from windlass.context import TaskDefaults
from windlass.engine.retries import RetryPolicy, retry_policy
from windlass.engine.session import Session
from windlass.exceptions import ConfigurationError, ReservedArgumentError, UpstreamTaskError
from windlass.schemas.states import State
from windlass.schemas.task_runs import TaskRun
from windlass.states import Completed, Failed
from windlass.tasks import exponential_backoff
from windlass.utilities.annotations import quote


def told(fake: FakeOrchestration, session: Session) -> list[list[str]]:
    """The states of each task run, in the order in which the runs were reported first."""
    assert session.outbox.drain(5)
    return list(fake.states_of_task_runs().values())


def test_a_task_that_returns_completes(fake: FakeOrchestration, session: Session) -> None:
    @task
    def add(x: int, y: int = 1) -> int:
        return x + y

    assert add(1) == 2
    assert told(fake, session) == [["Pending", "Running", "Completed"]]


def test_a_report_says_what_the_run_is(fake: FakeOrchestration, session: Session) -> None:
    @task(name="clean", tags=["db"], version="3", retries=2, retry_delay_seconds=[1, 2])
    def clean(x: int) -> int:
        return x

    @flow
    def nightly() -> None:
        with tags("night"):
            clean(1)

    nightly()

    [report] = fake.reports
    [flow_run_id] = fake.runs
    assert report.flow_run_id == flow_run_id
    assert report.name.startswith("clean-")
    assert report.task_key.startswith("clean-")
    assert report.tags == ["db", "night"]
    assert report.task_version == "3"
    assert report.empirical_policy == {"retries": 2, "retry_delay": [1, 2]}
    assert [state.run_count for state in report.states] == [0, 1, 1]


def test_a_state_that_is_reported_later_follows_the_one_before(
    fake: FakeOrchestration, session: Session
) -> None:
    @task
    def slow() -> None:
        assert session.outbox.drain(5)

    slow()

    assert told(fake, session) == [["Pending", "Running", "Completed"]]
    first, second = fake.reports
    assert second.previous is not None
    assert second.previous.id == first.states[-1].id


def test_a_failing_task_is_tried_again_as_often_as_it_says(
    fake: FakeOrchestration, session: Session
) -> None:
    hooks: list[str] = []

    def note(task: Any, run: TaskRun, state: State) -> None:
        hooks.append(f"{state.name} {run.run_count}")

    @task(retries=2, on_running=[note], on_failure=[note])
    def flaky() -> None:
        raise ValueError("again")

    with pytest.raises(ValueError, match="again"):
        flaky()
    assert told(fake, session) == [["Pending", "Running", "Retrying", "Retrying", "Failed"]]
    assert hooks == ["Running 1", "Retrying 2", "Retrying 3", "Failed 3"]


def test_a_retry_with_a_delay_is_awaited(fake: FakeOrchestration, session: Session) -> None:
    @task(retries=1, retry_delay_seconds=0.01)
    def flaky() -> None:
        raise ValueError

    assert flaky(return_state=True).is_failed()
    assert told(fake, session) == [["Pending", "Running", "AwaitingRetry", "Retrying", "Failed"]]
    [awaiting] = [s for report in fake.reports for s in report.states if s.type == "SCHEDULED"]
    assert awaiting.details is not None
    assert "scheduled_time" in awaiting.details


@pytest.mark.parametrize(("answer", "calls"), [(True, 3), (False, 1)])
def test_a_condition_says_whether_to_try_again(answer: bool, calls: int) -> None:
    made: list[int] = []

    def condition(task: Any, run: TaskRun, state: State) -> bool:
        assert isinstance(state.result(raise_on_failure=False), ValueError)
        return answer

    @task(retries=2, retry_condition_fn=condition)
    def flaky() -> None:
        made.append(1)
        raise ValueError

    assert flaky(return_state=True).is_failed()
    assert len(made) == calls


def test_a_condition_that_raises_ends_the_retries(session: Session) -> None:
    def condition(*_: object) -> bool:
        raise ZeroDivisionError

    @task(retries=2, retry_condition_fn=condition)
    def flaky() -> None:
        raise ValueError

    assert flaky(return_state=True).is_failed()


@pytest.mark.parametrize(
    ("returned", "state"),
    [(Failed(message="no"), "Failed"), (Completed(name="Skipped"), "Skipped"), (1, "Completed")],
)
def test_a_task_may_return_its_state(
    fake: FakeOrchestration, session: Session, returned: Any, state: str
) -> None:
    @task
    def decides() -> Any:
        return returned

    assert decides() is returned
    assert told(fake, session) == [["Pending", "Running", state]]


def test_a_task_whose_input_failed_is_not_ready(fake: FakeOrchestration, session: Session) -> None:
    @task
    def broken() -> int:
        raise ValueError("broken")

    @task
    def needs(x: object) -> object:
        return x

    @flow
    def chain() -> object:
        failed = broken(return_state=True)
        with pytest.raises(UpstreamTaskError, match="broken"):
            needs(failed)
        with pytest.raises(UpstreamTaskError):
            needs(1, wait_for=[failed])
        return needs(allow_failure(failed))

    assert isinstance(chain(), ValueError)
    assert told(fake, session)[1:3] == [["Pending", "NotReady"]] * 2


def test_what_is_quoted_is_passed_as_it_is() -> None:
    @task
    def keeps(x: object) -> object:
        return x

    state = keeps(1, return_state=True)
    assert keeps(quote([state])) == [state]
    assert keeps([state]) == [1]


def test_a_name_may_reach_into_the_arguments(fake: FakeOrchestration, session: Session) -> None:
    class Dataset:
        name = "orders"

    @task(task_run_name="train on {dataset.name}")
    def train(dataset: Dataset) -> None: ...

    train(Dataset())

    told(fake, session)
    assert fake.reports[-1].name == "train on orders"


def test_a_name_may_be_made_by_a_function(fake: FakeOrchestration, session: Session) -> None:
    def name(parameters: dict[str, int]) -> str:
        return f"x is {parameters['x']}"

    @task(task_run_name=name)
    def show(x: int) -> None: ...

    show(4)

    told(fake, session)
    assert fake.reports[-1].name == "x is 4"


def test_an_interrupted_task_crashes(fake: FakeOrchestration, session: Session) -> None:
    @task(retries=3)
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert told(fake, session) == [["Pending", "Running", "Crashed"]]


def test_an_async_task_runs_in_the_loop_of_its_caller() -> None:
    @task
    async def here() -> object:
        return asyncio.get_running_loop()

    async def compare() -> bool:
        return await here() is asyncio.get_running_loop()

    assert asyncio.run(compare())


@pytest.mark.parametrize("name", ["wait_for", "return_state"])
def test_a_parameter_cannot_have_a_reserved_name(name: str) -> None:
    function: dict[str, Callable[..., None]] = {}
    exec(f"def f({name}): ...", function)

    with pytest.raises(ReservedArgumentError, match=name):
        task(function["f"])


def test_an_unknown_option_is_named() -> None:
    with pytest.raises(TypeError, match="'cache_policy'"):
        task(cache_policy=None)  # pyright: ignore[reportCallIssue]
    with pytest.raises(TypeError, match="'persist_result'"):
        flow(lambda: None, persist_result=True)  # pyright: ignore[reportCallIssue]


@pytest.mark.parametrize(
    ("delays", "retries", "expected"),
    [
        (2.5, 3, [2.5, 2.5, 2.5]),
        ([1, 2], 3, [1, 2, 2]),
        (exponential_backoff(2), 3, [2, 4, 8]),
        (None, 2, [7, 7]),
        ([], 1, [0]),
    ],
)
def test_delays_are_a_number_a_list_or_a_function(
    delays: Any, retries: int, expected: list[float]
) -> None:
    @task(retries=retries, retry_delay_seconds=delays)
    def flaky() -> None: ...

    policy = retry_policy(flaky, TaskDefaults(retry_delay_seconds=7))

    assert [policy.delay(retry, 0.5) for retry in range(1, retries + 1)] == expected


def test_jitter_makes_a_delay_longer_by_a_random_part_of_it() -> None:
    policy = RetryPolicy(1, (10.0,), jitter_factor=0.5)

    assert [policy.delay(1, chance) for chance in (0, 1)] == [10, 15]


def test_a_task_that_says_nothing_has_the_retries_of_the_settings() -> None:
    @task
    def silent() -> None: ...

    @task(retries=0)
    def once() -> None: ...

    defaults = TaskDefaults(retries=3)
    assert retry_policy(silent, defaults).retries == 3
    assert retry_policy(once, defaults).retries == 0


def test_more_than_fifty_delays_are_refused() -> None:
    @task(retries=51, retry_delay_seconds=[1] * 51)
    def patient() -> None: ...

    with pytest.raises(ConfigurationError, match="51 delays"):
        patient()
