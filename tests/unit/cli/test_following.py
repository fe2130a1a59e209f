"""What is told of a flow run that is followed."""

import logging
from datetime import UTC, datetime

import click

from windlass.cli.following import log_line, state_line
from windlass.ids import uuid7
from windlass.schemas.logs import Log
from windlass.schemas.state_constructors import Completed, Crashed

NOON = datetime(2026, 3, 10, 12, 0, 0, 123456, tzinfo=UTC)
CLOCK = NOON.astimezone().strftime("%H:%M:%S.123")


def test_a_state_is_told_with_its_message() -> None:
    assert click.unstyle(state_line(Completed(now=NOON))) == f"{CLOCK} | STATE   | Completed"
    crashed = state_line(Crashed(now=NOON, message="It is gone."))
    assert click.unstyle(crashed) == f"{CLOCK} | STATE   | Crashed: It is gone."


def test_a_log_is_told_with_its_level_and_logger() -> None:
    log = Log(id=uuid7(), name="a.b", level=logging.WARNING, message="[x] {y}", timestamp=NOON)
    assert click.unstyle(log_line(log)) == f"{CLOCK} | WARNING | a.b - [x] {{y}}"
