"""Time as an argument: what code asks for the time, so that a test can answer."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeAlias

Clock: TypeAlias = Callable[[], datetime]
"""Answers the present moment as an aware datetime in UTC."""


def utc_now() -> datetime:
    """The system's present moment, aware, in UTC."""
    return datetime.now(UTC)
