"""Run tokens: what lets the process of one flow run, and nobody else, speak to the API.

`<prefix><execution id>.<signature>`, signed with HMAC-SHA256 by a key in the database, so that
every replica knows them. A token is good as long as its execution may speak: it is stored nowhere.
"""

import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from windlass.clock import Clock
from windlass.exceptions import RequestInvalid
from windlass_services.storage.database import Database
from windlass_services.storage.run_tokens import find_or_create_signing_key, may_speak
from windlass_services.storage.scope import Scope

PREFIX: Final = "wrt_"

_REMEMBERED_FOR: Final = timedelta(seconds=15)
_MOST_REMEMBERED: Final = 10_000


@dataclass(slots=True)
class RunTokens:
    """Issues the tokens of a workspace, and recognises them. One per API process."""

    database: Database
    clock: Clock
    _key: bytes | None = None
    _known: dict[str, tuple[bool, datetime]] = field(
        default_factory=dict[str, tuple[bool, datetime]]
    )

    async def issue(self, scope: Scope, execution_id: str) -> str:
        """The token of an execution, which need not be opened yet."""
        return _signed(await self._signing_key(scope), execution_id)

    async def execution_of(self, scope: Scope, token: str | None) -> str | None:
        """The execution that a token is good for now; None if it is none, or no longer good."""
        if token is None or not token.startswith(PREFIX):
            return None
        execution_id = token.removeprefix(PREFIX).rpartition(".")[0]
        expected = _signed(await self._signing_key(scope), execution_id)
        if not hmac.compare_digest(expected.encode(), token.encode()):
            return None
        return execution_id if await self._may_speak(scope, execution_id) else None

    async def _may_speak(self, scope: Scope, execution_id: str) -> bool:
        now = self.clock()
        answer, until = self._known.get(execution_id, (False, now))
        if until > now:
            return answer
        try:
            async with self.database.read() as connection:
                answer = await may_speak(connection, scope, execution_id, now=now)
        except RequestInvalid:
            return False
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
        self._known[execution_id] = answer, now + _REMEMBERED_FOR
        return answer

    async def _signing_key(self, scope: Scope) -> bytes:
        if self._key is None:
            async with self.database.write() as connection:
                self._key = await find_or_create_signing_key(connection, scope, now=self.clock())
        return self._key


def _signed(key: bytes, execution_id: str) -> str:
    signature = hmac.new(key, execution_id.encode(), sha256).hexdigest()
    return f"{PREFIX}{execution_id}.{signature}"
