"""Public: how a line of a log reads."""

import json
import logging
import time
from typing import Any, Final

_COLORS: Final = {"DEBUG": 90, "INFO": 36, "WARNING": 33, "ERROR": 31, "CRITICAL": 91}
_OF_EVERY_RECORD: Final = frozenset(logging.makeLogRecord({}).__dict__)


class WindlassFormatter(logging.Formatter):
    """`12:30:45.123 | INFO    | Flow run 'solid-gibbon' - what it says`, in local time.

    Lines that belong to no run have the name of their logger instead. `colors` puts the escape
    codes of terminals around the level.
    """

    def __init__(self, *, colors: bool = False) -> None:
        super().__init__()
        self._colors = colors
        self._second = (0, "")

    def formatMessage(self, record: logging.LogRecord) -> str:
        second, text = self._second
        if second != int(record.created):
            second = int(record.created)
            text = time.strftime("%H:%M:%S", time.localtime(second))
            self._second = (second, text)
        level = f"{record.levelname:<7}"
        if self._colors and record.levelname in _COLORS:
            level = f"\x1b[{_COLORS[record.levelname]}m{level}\x1b[0m"
        return f"{text}.{int(record.msecs):03d} | {level} | {_whose(record)} - {record.message}"


class JsonFormatter(logging.Formatter):
    """A line as JSON: what is known about it, and the run that it belongs to."""

    def __init__(self, *, pretty: bool = False) -> None:
        super().__init__()
        self._indent = 2 if pretty else None

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "name": record.name,
            "levelname": record.levelname,
            "created": record.created,
            "message": record.getMessage(),
        }
        for key, value in record.__dict__.items():
            if key not in _OF_EVERY_RECORD:
                line[key] = value
        if record.exc_info:
            line["exc_info"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, indent=self._indent)


def _whose(record: logging.LogRecord) -> str:
    about = record.__dict__
    if (name := about.get("task_run_name")) is not None:
        return f"Task run {name!r}"
    if (name := about.get("flow_run_name")) is not None:
        return f"Flow run {name!r}"
    return record.name
