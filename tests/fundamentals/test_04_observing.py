"""Logs and facts about the run that code is a part of."""

import pytest

from tests.support.api_under_test import ApiUnderTest
from windlass import flow, get_run_logger, runtime, task
from windlass.context import FlowRunContext, TaskRunContext, get_run_context
from windlass.exceptions import MissingContextError
from windlass.logging import disable_run_logger


def test_what_a_run_logs_reaches_the_server(api: ApiUnderTest) -> None:
    """`get_run_logger` gives the logger of the innermost run."""

    @task
    def inner() -> None:
        get_run_logger().info("from the task")

    @flow
    def talkative() -> None:
        get_run_logger().warning("from the flow")
        inner()

    talkative()

    assert {"from the flow", "from the task"} <= set(api.logs("talkative"))


def test_what_is_printed_may_be_logged(api: ApiUnderTest) -> None:
    """With `log_prints`, which tasks and child flows inherit."""

    @task
    def inner() -> None:
        print("printed in the task")

    @flow(log_prints=True)
    def prints() -> None:
        print("printed in the flow")
        inner()

    prints()

    assert {"printed in the flow", "printed in the task"} <= set(api.logs("prints"))


def test_a_run_logger_needs_a_run() -> None:
    """In a test of the bare function, the logger is silenced."""

    @flow
    def logs() -> int:
        get_run_logger().info("hello")
        return 42

    with pytest.raises(MissingContextError):
        logs.fn()
    with disable_run_logger():
        assert logs.fn() == 42


def test_a_run_knows_facts_about_itself(api: ApiUnderTest) -> None:
    """Where there is no such fact, it is empty: asking never fails."""

    @task
    def inner() -> object:
        return runtime.task_run.task_name, runtime.flow_run.parameters

    @flow
    def knows(x: int) -> object:
        return runtime.flow_run.name, runtime.deployment.name, inner()

    assert knows(1) == (api.flow_run("knows").name, None, ("inner", {"x": 1}))
    assert runtime.flow_run.id is None


def test_the_environment_may_mock_facts(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of code that asks for them."""
    monkeypatch.setenv("WINDLASS__RUNTIME__FLOW_RUN__NAME", "solid-gibbon")

    assert runtime.flow_run.name == "solid-gibbon"


def test_the_context_has_the_run_itself() -> None:
    """In a task, that of the flow is there, too."""

    @task
    def inner() -> None:
        assert isinstance(get_run_context(), TaskRunContext)
        assert FlowRunContext.get() is not None

    @flow
    def outer() -> None:
        assert isinstance(get_run_context(), FlowRunContext)
        assert TaskRunContext.get() is None
        inner()

    outer()
    with pytest.raises(MissingContextError):
        get_run_context()
