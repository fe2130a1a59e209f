"""One clock for every process over one PostgreSQL: that of the database."""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from windlass.clock import Clock, utc_now
from windlass_services.storage.addresses import SqliteAddress, parse_database_url
from windlass_services.storage.database import Database

_log: Final = logging.getLogger(__name__)
_QUESTIONS: Final = 3
"""Of which the one that is answered fastest says most; the first one may be planned."""
_WORTH_SAYING: Final = timedelta(seconds=1)


class DatabaseClock:
    """What the database's clock shows, without asking it.

    Processes compare moments that others wrote with their own present: deadlines, leases, beats.
    They go by one clock, so it does not matter how far those of their machines are apart. Between
    two comparisons this one goes on by the monotonic clock: nobody sets that.
    """

    def __init__(
        self, wall: Clock = utc_now, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Until the first comparison it shows what the `wall` clock of this machine does."""
        self._monotonic = monotonic
        self._zero = wall() - timedelta(seconds=monotonic())

    def __call__(self) -> datetime:
        return self._zero + timedelta(seconds=self._monotonic())

    async def compare(self, database: Database) -> timedelta:
        """Ask the database for the time; how much later it is there than here."""
        before = self._zero
        async with database.read() as connection:
            for _ in range(_QUESTIONS):
                asked = self._monotonic()
                answer = await connection.execute(sa.select(sa.func.clock_timestamp()))
                self.correct(asked, answer.scalar_one(), self._monotonic())
        off = self._zero - before
        if abs(off) > _WORTH_SAYING:
            _log.warning(
                "This clock differs by %s from that of the database, which counts", abs(off)
            )
        return off

    def correct(self, asked: float, said: datetime, answered: float) -> None:
        """The database said this at a moment between these two of the monotonic clock.

        What agrees with that stays as it is: a slow answer changes nothing.
        """
        earliest, latest = (said - timedelta(seconds=at) for at in (answered, asked))
        self._zero = min(max(self._zero, earliest), latest)


def clock_over(url: str) -> Clock:
    """The clock of the processes over this database; over an SQLite file there is one only."""
    return utc_now if isinstance(parse_database_url(url), SqliteAddress) else DatabaseClock()
