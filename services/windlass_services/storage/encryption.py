"""Values encrypted at rest, with a key that is made once and kept in the database."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.exceptions import WindlassError
from windlass.ids import uuid7
from windlass.schemas.base import JsonObject
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import configuration
from windlass_services.storage.upserts import insert_into

_KEY: Final = "ENCRYPTION_KEY"
_PART: Final = "fernet_key"


class NotDecrypted(WindlassError):
    """A stored value was encrypted with another key than the one in the database."""


@dataclass(frozen=True, slots=True)
class Cipher:
    """Encrypts and decrypts JSON objects."""

    _fernet: Fernet

    def encrypt(self, data: JsonObject) -> str:
        """The data as a text that says nothing without the key."""
        return self._fernet.encrypt(json.dumps(data).encode()).decode()

    def decrypt(self, text: str) -> JsonObject:
        """What was encrypted. Raises `NotDecrypted`."""
        try:
            data: JsonObject = json.loads(self._fernet.decrypt(text.encode()))
        except InvalidToken as error:
            raise NotDecrypted from error
        return data


async def read_cipher(connection: AsyncConnection, scope: Scope) -> Cipher | None:
    """The cipher of the workspace; None as long as nothing was encrypted in it."""
    found = await connection.execute(
        sa.select(configuration.c.value).where(
            configuration.c.workspace_id == scope.workspace_id, configuration.c.key == _KEY
        )
    )
    value = found.scalar_one_or_none()
    return None if value is None else Cipher(Fernet(value[_PART]))


async def find_or_create_cipher(
    connection: AsyncConnection, scope: Scope, *, now: datetime
) -> Cipher:
    """The cipher of the workspace, its key made if there is none. Two at once get the same one."""
    if (found := await read_cipher(connection, scope)) is not None:
        return found
    await connection.execute(
        insert_into(connection, configuration)
        .values(
            id=uuid7(),
            workspace_id=scope.workspace_id,
            key=_KEY,
            value={_PART: Fernet.generate_key().decode()},
            created=now,
            updated=now,
        )
        .on_conflict_do_nothing(index_elements=["workspace_id", "key"])
    )
    made = await read_cipher(connection, scope)
    assert made is not None
    return made
