"""Lines of runs, on the console and on their way to the API."""

import json
import logging
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

from tests.support.fake_orchestration import FakeOrchestration
from windlass import flow, get_run_logger, task
from windlass.engine.session import Session
from windlass.exceptions import ConfigurationError, MissingContextError
from windlass.logging import (
    LogEavesdropper,
    disable_run_logger,
    flow_run_logger,
    get_logger,
)
from windlass.logging.configuration import setup_logging
from windlass.logging.formatters import JsonFormatter, WindlassFormatter
from windlass.logging.handlers import APILogHandler
from windlass.settings import temporary_settings


def lines(fake: FakeOrchestration, session: Session) -> list[str]:
    assert session.outbox.drain(5)
    return [line.message for line in fake.logs]


def test_a_line_belongs_to_the_run_that_logs_it(fake: FakeOrchestration, session: Session) -> None:
    @task
    def inner() -> None:
        get_run_logger().info("from the task")

    @flow
    def outer() -> None:
        get_run_logger().warning("from the %s", "flow")
        inner()

    outer()

    lines(fake, session)
    said = {line.message: line for line in fake.logs}
    [run_id] = fake.runs
    assert said["from the flow"].flow_run_id == run_id
    assert said["from the flow"].task_run_id is None
    assert said["from the flow"].level == logging.WARNING
    assert said["from the task"].flow_run_id == run_id
    assert said["from the task"].task_run_id == fake.reports[0].id
    assert said["from the task"].name == "windlass.task_runs"


def test_the_console_shows_whose_line_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    @flow
    def quiet() -> None:
        get_run_logger().info("hello")

    quiet()

    shown = capsys.readouterr().err
    assert "| INFO    | Flow run 'quiet-0' - Beginning flow run 'quiet-0' for flow 'quiet'" in shown
    assert "Flow run 'quiet-0' - View at" not in shown
    assert "| INFO    | Flow run 'quiet-0' - hello" in shown
    assert "Flow run 'quiet-0' - Finished in state Completed()" in shown


def test_a_failure_is_logged_with_the_traceback_of_the_users_code(
    fake: FakeOrchestration, session: Session
) -> None:
    @task
    def broken() -> None:
        raise ValueError("no")

    broken(return_state=True)

    [report] = [line for line in lines(fake, session) if "Traceback" in line]
    assert "ValueError: no" in report
    assert "windlass/engine" not in report


def test_what_is_printed_is_logged_where_it_is_asked_for(
    fake: FakeOrchestration, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    @task
    def inherits() -> None:
        print("from the task")

    @task(log_prints=False)
    def declines() -> None:
        print("not logged")

    @flow(log_prints=True)
    def prints() -> None:
        print("from", "the flow", sep=" ")
        print("to another file", file=sys.__stdout__)
        inherits()
        declines()
        inherits.submit().wait()

    prints()
    print("after the run")

    said = lines(fake, session)
    assert said.count("from the flow") == 1
    assert said.count("from the task") == 2
    assert {"not logged", "after the run", "to another file"}.isdisjoint(said)
    assert capsys.readouterr().out == "not logged\nafter the run\n"


def test_a_run_logger_needs_a_run() -> None:
    with pytest.raises(MissingContextError, match="get_logger"):
        get_run_logger()
    with disable_run_logger():
        get_run_logger().info("nobody hears it")


def test_other_loggers_of_ours_do_not_log_to_the_api(
    fake: FakeOrchestration, session: Session
) -> None:
    @flow
    def quiet() -> None:
        get_logger("mine").warning("to the console only")

    quiet()

    assert get_logger("mine").name == "windlass.mine"
    assert get_logger().name == get_logger("windlass").name == "windlass"
    assert "to the console only" not in lines(fake, session)


def test_the_loggers_that_the_settings_name_belong_to_the_run(
    fake: FakeOrchestration, session: Session
) -> None:
    logger = logging.getLogger("some.library")

    @flow
    def uses_a_library() -> None:
        logger.info("from the library")

    with temporary_settings({"logging.extra_loggers": "some.library"}):
        setup_logging()
    try:
        uses_a_library()
        assert "from the library" in lines(fake, session)
    finally:
        logger.handlers.clear()


@pytest.mark.parametrize("policy", ["warn", "error", "ignore"])
def test_a_line_of_no_run_is_not_sent(
    fake: FakeOrchestration, session: Session, policy: Any
) -> None:
    handler = APILogHandler(when_missing_flow=policy)
    record = logging.makeLogRecord({"name": "some.library", "msg": "lost"})

    if policy == "warn":
        with pytest.warns(UserWarning, match="belongs to no run"):
            handler.emit(record)
    elif policy == "error":
        with pytest.raises(MissingContextError):
            handler.emit(record)
    else:
        handler.emit(record)
    assert lines(fake, session) == []


def test_a_line_that_is_too_long_is_cut(fake: FakeOrchestration, session: Session) -> None:
    handler = APILogHandler(max_log_size=100)

    line = handler.prepare(logging.makeLogRecord({"msg": "x" * 500}), None, None)

    assert len(line["message"]) == 100
    assert line["message"].startswith("xxx")
    assert "cut" in line["message"]


def test_below_the_level_nothing_is_sent(fake: FakeOrchestration, session: Session) -> None:
    @flow
    def detailed() -> None:
        get_run_logger().debug("details")

    detailed()

    assert "details" not in lines(fake, session)


def test_lines_may_be_json() -> None:
    record = logging.makeLogRecord(
        {"name": "n", "levelname": "INFO", "msg": "hi", "flow_name": "f"}
    )

    assert json.loads(JsonFormatter().format(record))["flow_name"] == "f"
    assert "\n" in JsonFormatter(pretty=True).format(record)


def test_colours_are_around_the_level() -> None:
    record = logging.makeLogRecord({"name": "n", "levelname": "ERROR", "msg": "hi"})

    assert "\x1b[31mERROR  \x1b[0m" in WindlassFormatter(colors=True).format(record)


def test_one_can_listen_to_a_logger() -> None:
    with LogEavesdropper("some.tree", level=logging.INFO) as heard:
        logging.getLogger("some.tree.leaf").warning("a word")

    assert heard.text() == "a word\n"


def test_what_one_line_says_counts_on_top(fake: FakeOrchestration) -> None:
    @flow
    def quiet() -> None: ...

    quiet()
    [run] = fake.runs.values()
    adapter = flow_run_logger(run, quiet, custom=1).getChild("child", {"more": 2})

    with LogEavesdropper("windlass.flow_runs") as heard:
        heard.setFormatter(JsonFormatter())
        adapter.warning("x", extra={"custom": 3})

    line = json.loads(heard.text())
    assert (line["custom"], line["more"], line["flow_run_name"]) == (3, 2, run.name)
    assert line["name"] == "windlass.flow_runs.child"


def test_setting_up_twice_changes_nothing() -> None:
    with warnings.catch_warnings():
        setup_logging()
        before = [
            logging.getLogger(name).handlers[:] for name in ("windlass", "windlass.flow_runs")
        ]
        setup_logging()
    after = [logging.getLogger(name).handlers[:] for name in ("windlass", "windlass.flow_runs")]
    assert after == before


CONFIGURATION = """
formatters:
  short: {format: "own: %(message)s"}
handlers:
  console: {class: logging.StreamHandler, formatter: short, stream: ext://sys.stdout}
loggers:
  windlass: {handlers: [console], propagate: false}
"""


def test_a_file_may_configure_the_console(
    windlass_home: Path,
    fake: FakeOrchestration,
    session: Session,
    capsys: pytest.CaptureFixture[str],
) -> None:
    windlass_home.mkdir()
    (windlass_home / "logging.yml").write_text(CONFIGURATION)
    logging.getLogger("windlass").handlers.clear()
    setup_logging()

    @flow
    def quiet() -> None:
        get_run_logger().info("hello")

    quiet()

    assert "own: hello\n" in capsys.readouterr().out
    assert "hello" in lines(fake, session)


@pytest.mark.parametrize("content", ["[", "a list?", "handlers: {x: {class: no.such.Handler}}"])
def test_a_wrong_file_is_named(windlass_home: Path, content: str) -> None:
    windlass_home.mkdir()
    (windlass_home / "logging.yml").write_text(content)
    logging.getLogger("windlass").handlers.clear()

    with pytest.raises(ConfigurationError, match=r"logging\.yml"):
        setup_logging()
