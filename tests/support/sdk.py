"""What tests of the SDK stand on: a server in memory, and a session with it."""

import logging
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from tests.support.fake_orchestration import FakeOrchestration
from windlass.engine.session import Session, use_session
from windlass.logging.configuration import setup_logging
from windlass.reporting.lanes import Limits
from windlass.reporting.outbox import Outbox

_LOGGERS = ("windlass", "windlass.flow_runs", "windlass.task_runs")


@pytest.fixture
def fake() -> FakeOrchestration:
    """The server."""
    return FakeOrchestration()


@pytest.fixture
def session(fake: FakeOrchestration) -> Generator[Session]:
    """The session in which the flows and tasks of the test run."""
    outbox = Outbox(fake.post, logs=Limits(batch=100, interval=0.01, capacity=10_000))
    session = Session(fake, outbox, drain_seconds=0.5)
    with use_session(session), logging_set_up():
        yield session
    fake.is_down = False
    outbox.close(timeout=5.0)


@contextmanager
def logging_set_up() -> Generator[None]:
    """Logging as a flow run finds it, and afterwards as it was."""
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    before = [(one.handlers[:], one.level, one.propagate) for one in loggers]
    setup_logging()
    try:
        yield
    finally:
        for one, (handlers, level, propagate) in zip(loggers, before, strict=True):
            one.handlers[:] = handlers
            one.setLevel(level)
            one.propagate = propagate
