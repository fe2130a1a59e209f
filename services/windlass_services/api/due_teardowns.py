"""How many teardowns a worker may take, asked with each heartbeat of each worker."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Final

import anyio

from windlass_services.api.changes import Opened
from windlass_services.storage.scope import Scope
from windlass_services.storage.teardowns import count_due_teardowns

_FRESH: Final = timedelta(seconds=1)


class DueTeardowns:
    """One per API process. The database is asked once a second, however many workers there are."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._due: dict[Scope, tuple[datetime, Counter[tuple[str, str | None]]]] = {}
        self._asking = anyio.Lock()

    async def count(self, scope: Scope, work_pool_name: str, place: str | None) -> int:
        """Those of the pool that can be done from this place, as of now or a second ago."""
        due = await self._of(scope)
        found = due[work_pool_name, None]
        return found if place is None else found + due[work_pool_name, place]

    async def _of(self, scope: Scope) -> Counter[tuple[str, str | None]]:
        async with self._asking:
            now = self._opened.clock()
            known = self._due.get(scope)
            if known is None or now - known[0] >= _FRESH:
                async with self._opened.database.read() as connection:
                    known = (now, await count_due_teardowns(connection, scope, now=now))
                self._due[scope] = known
        return known[1]
