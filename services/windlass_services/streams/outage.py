"""An outage of the broker: two lines in the log, and nobody held up by what is known."""

import logging
from typing import Final

import anyio

from windlass_services.streams.errors import BrokerUnavailable

# While a broker is a black hole, the calls of one moment pay for finding out and those that follow
# fail at once: a request that publishes after its commit must not be held up each time.
_SPARED_AFTER_SILENCE: Final = 2.0

_log = logging.getLogger(__name__)


class Outage:
    """Whether the broker at one place answers, as far as its callers have seen."""

    def __init__(self, where: str) -> None:
        """`where` is for log and errors, and holds no secret."""
        self.where = where
        self._lost = False
        self._spared_until = 0.0

    def spare(self) -> None:
        """Raise BrokerUnavailable if the broker was silent a moment ago."""
        if anyio.current_time() < self._spared_until:
            raise BrokerUnavailable(f"The broker at {self.where} did not answer a moment ago")

    def begin(self, problem: BrokerUnavailable, *, is_silent: bool = False) -> None:
        """Log that the broker is away, unless that is known; `is_silent`: it took its time."""
        if is_silent:
            self._spared_until = anyio.current_time() + _SPARED_AFTER_SILENCE
        if not self._lost:
            _log.warning("%s. Nothing stored is lost; messages come when it is back.", problem)
            self._lost = True

    def end(self) -> None:
        """Log that the broker answers again, if it was away."""
        if self._lost:
            _log.info("The broker at %s answers again", self.where)
            self._lost = False
