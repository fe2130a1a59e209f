"""Values encrypted at rest, with a key that is made once and kept in the database."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.exceptions import WindlassError
from windlass.schemas.base import JsonObject
from windlass_services.storage.configured_values import find_or_create_value, read_value
from windlass_services.storage.scope import Scope

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
    value = await read_value(connection, scope, _KEY)
    return None if value is None else Cipher(Fernet(value[_PART]))


async def find_or_create_cipher(
    connection: AsyncConnection, scope: Scope, *, now: datetime
) -> Cipher:
    """The cipher of the workspace, its key made if there is none. Two at once get the same one."""
    value = await find_or_create_value(connection, scope, _KEY, _new_key, now=now)
    return Cipher(Fernet(value[_PART]))


def _new_key() -> JsonObject:
    return {_PART: Fernet.generate_key().decode()}
