"""Tokens against cross-site requests."""

from windlass.schemas.base import Stored, Timestamp


class CsrfToken(Stored):
    """The token that requests of a client carry, until it expires."""

    token: str
    client: str
    expiration: Timestamp
