"""Which errors of PostgreSQL pass by themselves, and which are somebody's fault."""

import ssl
from typing import Final

import asyncpg

from windlass.exceptions import ServerBusy, SettingInvalid
from windlass_services.storage.addresses import SETTING

_PASSING_CLASSES: Final = frozenset({"08", "53", "57"})
"""Connection lost, no resources left, operator intervention (shutdown, cancelled statement)."""
_PASSING: Final = frozenset({"55P03", "25P03", "25P04", "25006"})
"""Lock not available, transaction timeouts, a read-only server (a standby after a fail-over)."""
_LOST_RACES: Final = frozenset({"40001", "40P01", "0A000"})
"""Serialization failure, deadlock, and a cached plan that a migration made invalid."""
_WRONG_ADDRESS_CLASSES: Final = frozenset({"28", "3D"})
"""No such user, wrong password, not allowed to connect, no such database."""
_BEHIND_A_POOLER: Final = frozenset({"26000", "42P05"})
"""A prepared statement is missing, or there already: it was made on another connection."""


def lost_a_race(error: BaseException) -> bool:
    """Whether the same transaction may well succeed when it is simply run again."""
    return _sqlstate(error) in _LOST_RACES


def explained(error: BaseException) -> ServerBusy | SettingInvalid | None:
    """`ServerBusy` when the server cannot answer now, `SettingInvalid` when it was addressed
    wrongly; None when the statement is at fault."""
    state, reason = _sqlstate(error), str(error) or type(error).__name__
    if isinstance(error, ssl.SSLError | asyncpg.ClientConfigurationError):
        return SettingInvalid(
            f"There is no TLS to PostgreSQL as {SETTING} wants it: {reason}. Look at sslmode,"
            " sslrootcert, sslcert and sslkey there, or at the settings"
            " WINDLASS_SERVER_DATABASE_SQLALCHEMY_CONNECT_ARGS_TLS_*."
        )
    if state[:2] in _WRONG_ADDRESS_CLASSES:
        return SettingInvalid(f"PostgreSQL refuses what {SETTING} says: {reason}.")
    if state in _BEHIND_A_POOLER:
        return SettingInvalid(
            f"A pooler in front of PostgreSQL mixes up prepared statements ({reason})."
            f" Add prepared_statement_cache_size=0 to the parameters of {SETTING}."
        )
    if state[:2] in _PASSING_CLASSES or state in _PASSING or _is_broken_connection(error):
        return ServerBusy(f"PostgreSQL does not answer: {reason}.")
    return None


def _sqlstate(error: BaseException) -> str:
    return getattr(error, "sqlstate", None) or ""


def _is_broken_connection(error: BaseException) -> bool:
    if isinstance(error, asyncpg.DataError):
        return False
    # The driver's internal error: the server ended the session while nobody listened to it.
    broken = asyncpg.InterfaceError | asyncpg.InternalClientError
    return isinstance(error, OSError | TimeoutError | broken)
