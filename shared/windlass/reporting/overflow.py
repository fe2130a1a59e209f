"""What the API does not take now: kept in the spool, and sent from there."""

import threading
from collections.abc import Sequence

from pydantic_core import to_json

from windlass.reporting.complaints import complain
from windlass.reporting.dead_letters import DeadLetters
from windlass.reporting.delivery import Courier
from windlass.reporting.lanes import Limits
from windlass.reporting.replay import Replay
from windlass.reporting.routes import ROUTES, Route
from windlass.reporting.spool import Spool
from windlass.schemas.base import JsonObject


class Overflow:
    """A spool and the thread that empties it; or neither, where there is no `spool`."""

    def __init__(
        self,
        spool: Spool | None,
        courier: Courier,
        refused: DeadLetters,
        limits: list[tuple[Route, Limits]],
    ) -> None:
        self._spool = spool
        self._courier = courier
        self._refused = refused
        self._replay = None if spool is None else Replay(spool, courier, limits)
        self._has_complained = False

    @property
    def holds_something(self) -> bool:
        """Whether anything in the spool is not settled."""
        return any(self.holds(route) for route in ROUTES)

    def holds(self, route: Route) -> bool:
        """Whether there are lines of this route that are to be sent first."""
        return self._spool is not None and self._spool.holds(route)

    def has_room(self, route: Route) -> bool:
        """Whether what comes next may be taken out of its lane."""
        return self._spool is None or not self.holds(route) or self._spool.has_room(route)

    def is_behind(self, route: Route) -> bool:
        """Whether lines have to go into the spool: because of order, or since nobody answers."""
        return self.holds(route) or (self._courier.is_away and self.holds_something)

    def keep(
        self, route: Route, lines: Sequence[JsonObject], settled: threading.Event | None = None
    ) -> bool:
        """Keep lines until they are told, and then set `settled`. False where that cannot be."""
        if self._spool is None or self._replay is None:
            return False
        try:
            self._spool.keep(route, self._encoded(route, lines), settled)
        except OSError as error:
            if not self._has_complained:
                complain(f"the spool {self._spool.folder} cannot be written: {error}")
            self._has_complained = True
            return False
        self._replay.wake()
        return True

    def close(self, rest: Sequence[tuple[Route, list[JsonObject]]], timeout: float) -> None:
        """Keep the rest and send no more. Says what was left behind, and where."""
        has_ended = self._replay is None or self._replay.close(timeout)
        kept = [self.keep(route, lines) for route, lines in rest]
        if kept or self.holds_something:
            where = ""
            if self._spool is not None and all(kept):
                where = (
                    f": they are in {self._spool.folder}, from where a worker that runs on this"
                    " machine with the same home sends them"
                )
            complain(
                "some task runs, events or logs did not reach the server before this process"
                f" ended{where}"
            )
        if self._refused.count > 1:
            complain(f"the server refused {self._refused.count} lines in all")
        if has_ended and self._spool is not None:
            self._spool.close()

    def abandon(self) -> None:
        """Keep and send nothing from here."""
        if self._spool is not None:
            self._spool.forget()

    def _encoded(self, route: Route, lines: Sequence[JsonObject]) -> list[bytes]:
        encoded: list[bytes] = []
        for line in lines:
            try:
                encoded.append(to_json(line))
            except ValueError as error:
                self._refused.bury(route.path, [line], error)
        return encoded
