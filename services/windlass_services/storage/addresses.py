"""Database URLs: which forms there are, and what each says."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import sqlalchemy as sa
from sqlalchemy import exc

from windlass.exceptions import SettingInvalid

SETTING: Final = "WINDLASS_SERVER_DATABASE_CONNECTION_URL"
_SIZES: Final = ("prepared_statement_cache_size", "statement_cache_size")
_FILES: Final = ("sslrootcert", "sslcert", "sslkey")


@dataclass(frozen=True, slots=True)
class SqliteAddress:
    """A file of this machine."""

    path: Path


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    """A PostgreSQL server, perhaps behind a pooler."""

    dsn: str
    """As asyncpg reads it; with the password."""
    shown: str
    """Host, port and database, for messages."""
    prepared: bool
    """False behind a pooler that hands out connections per transaction (PgBouncer before 1.21)."""


DatabaseAddress: TypeAlias = SqliteAddress | PostgresAddress


def parse_database_url(text: str) -> DatabaseAddress:
    """Raises `SettingInvalid` for any form but those it names."""
    try:
        url = sa.make_url(text)
    except (exc.ArgumentError, ValueError):
        raise _invalid("It is not a URL.") from None
    match url.drivername:
        case "sqlite" | "sqlite+aiosqlite":
            return _sqlite(url)
        case "postgresql" | "postgresql+asyncpg":
            return _postgres(url)
        case scheme:
            raise _invalid(f"There is no database {scheme!r}.")


def _sqlite(url: sa.URL) -> SqliteAddress:
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise _invalid("SQLite needs the path of a file: a database in memory cannot be shared.")
    if url.host or url.query:
        raise _invalid("SQLite takes a path, and neither a host nor parameters.")
    return SqliteAddress(Path(url.database))


def _postgres(url: sa.URL) -> PostgresAddress:
    for name in _SIZES:
        size = url.query.get(name, "100")
        if not isinstance(size, str) or not size.isdecimal():
            raise _invalid(f"{name} is a number; 0 switches prepared statements off.")
    for name in _FILES:
        file = url.query.get(name)
        if file is not None and not os.access(str(file), os.R_OK):
            raise _invalid(f"{name} is {file}, which is no file that can be read.")
    plain = url.set(drivername="postgresql").difference_update_query(_SIZES)
    return PostgresAddress(
        dsn=plain.render_as_string(hide_password=False),
        shown=f"{url.host or 'the local socket'}:{url.port or 5432}/{url.database or ''}",
        prepared="0" not in [url.query.get(name) for name in _SIZES],
    )


def _invalid(what: str) -> SettingInvalid:
    return SettingInvalid(
        f"{SETTING} is wrong. {what} Use sqlite+aiosqlite:///path/of/windlass.db or"
        " postgresql+asyncpg://user:password@host:5432/database."
    )
