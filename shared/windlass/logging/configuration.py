"""Public: connects the loggers to the console and to the API, as the settings say."""

import logging
import sys
from typing import Final

from windlass.logging.formatters import WindlassFormatter
from windlass.logging.handlers import APILogHandler, WindlassConsoleHandler
from windlass.logging.loggers import FLOW_RUNS, TASK_RUNS
from windlass.settings import Settings, get_current_settings

_ROOT: Final = "windlass"


def setup_logging(settings: Settings | None = None) -> None:
    """Let what Windlass logs go to the console, and what runs log to the API too.

    Once is enough, and more does no harm: what was configured before is left as it is. Loggers of
    other packages are touched only where WINDLASS_LOGGING_EXTRA_LOGGERS names them.
    """
    settings = settings or get_current_settings()
    logger = logging.getLogger(_ROOT)
    if not logger.handlers:
        colors = settings.logging.colors and sys.stderr.isatty()
        _add_console(logger, colors=colors)
        logger.setLevel(settings.logging.level)
        logger.propagate = False
    if not settings.logging.to_api.enabled:
        return
    extra = settings.logging.extra_loggers or ()
    for name in (FLOW_RUNS, TASK_RUNS, *extra):
        logger = logging.getLogger(name)
        if any(isinstance(handler, APILogHandler) for handler in logger.handlers):
            continue
        handler = APILogHandler(
            max_log_size=settings.logging.to_api.max_log_size,
            when_missing_flow=settings.logging.to_api.when_missing_flow,
        )
        logger.addHandler(handler)
        if name in extra:
            logger.setLevel(settings.logging.level)


def _add_console(logger: logging.Logger, *, colors: bool) -> None:
    console = WindlassConsoleHandler()
    console.setFormatter(WindlassFormatter(colors=colors))
    logger.addHandler(console)
