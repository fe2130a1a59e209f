"""Dead letters."""

from collections.abc import Collection

from windlass.client._sync.resource import SyncResource
from windlass.schemas.dead_letters import (
    DeadLetter,
    DeadLetterQuery,
    DeadLettersRedriven,
    DeadLettersToRedrive,
)


class SyncDeadLetters(SyncResource):
    """The methods for dead letters; Windlass' own."""

    def read_dead_letters(
        self, topic: str | None = None, limit: int | None = None
    ) -> list[DeadLetter]:
        """The newest of what was set aside, newest first; of one topic, or of all."""
        query = DeadLetterQuery(topic=topic, limit=limit)
        return self._read_list(DeadLetter, "POST", "/admin/dead_letters/filter", body=query)

    def redrive_dead_letters(self, ids: Collection[str] | None, topic: str | None = None) -> int:
        """Try those with these ids again, or all if that is None. Returns how many."""
        which = None if ids is None else list(ids)
        asked = DeadLettersToRedrive(topic=topic, ids=which, all=ids is None)
        answer = self._read(DeadLettersRedriven, "POST", "/admin/dead_letters/redrive", body=asked)
        return answer.redriven
