"""What a process has in order to run flows and tasks: a server, an outbox, and its settings."""

import random
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from uuid import UUID

from windlass.clock import Clock, utc_now
from windlass.context import TaskDefaults
from windlass.engine.ports import Orchestration
from windlass.ids import uuid7
from windlass.reporting.current import use_outbox
from windlass.reporting.outbox import Outbox


@dataclass(frozen=True, slots=True)
class FlowDefaults:
    """What the settings say about flows that do not say it themselves."""

    retries: int = 0
    retry_delay_seconds: float = 0.0
    log_prints: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """A server, what is on its way there, and the settings, the clock, ids and chance that count.

    `drain_seconds` is how long a flow run waits, before it says that it is over, for what it
    reported to be acknowledged.
    """

    orchestration: Orchestration
    outbox: Outbox
    flow_defaults: FlowDefaults = field(default_factory=FlowDefaults)
    task_defaults: TaskDefaults = field(default_factory=TaskDefaults)
    ui_url: str | None = None
    drain_seconds: float = 10.0
    now: Clock = utc_now
    new_id: Callable[[], UUID] = uuid7
    chance: Callable[[], float] = random.random


_SESSION: ContextVar[Session | None] = ContextVar("windlass_session", default=None)


def chosen_session() -> Session | None:
    """The session of the surrounding `use_session`; None outside of one."""
    return _SESSION.get()


@contextmanager
def use_session(session: Session) -> Generator[Session]:
    """Run flows and tasks of the block in `session`."""
    token = _SESSION.set(session)
    try:
        with use_outbox(session.outbox):
            yield session
    finally:
        _SESSION.reset(token)
