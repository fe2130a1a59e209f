"""Which schema a database has, told without importing Alembic: starting a server must be quick.

Revisions are named `<number>_<contractions>`: the second part counts the `post` migrations so far.
One that only adds (`pre`) leaves it as it is, and the version before runs on the new schema.
"""

import sqlite3
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.exceptions import DatabaseTooNew, SettingInvalid
from windlass_services.storage.addresses import SETTING

MIGRATIONS: Final = Path(__file__).parent / "migrations"
SNAPSHOT: Final = Path(__file__).parent / "snapshot" / "sqlite.sql"
"""The schema of a new SQLite database, as the migrations make it."""


class Standing(StrEnum):
    """How the schema of a database stands to this code."""

    EMPTY = "empty"
    """It has no schema yet."""
    BEHIND = "behind"
    """Migrations have to run."""
    READY = "ready"
    """It is the code's own, or a newer one that only adds to it."""


def known_revisions() -> tuple[str, ...]:
    """Every revision of this code, oldest first, from the names of the migrations."""
    revisions: list[str] = []
    contractions = 0
    for path in sorted((MIGRATIONS / "versions").glob("[0-9]*.py")):
        number, phase, _ = path.stem.split("_", 2)
        contractions += phase == "post"
        revisions.append(f"{number}_{contractions}")
    return tuple(revisions)


async def read_revision(connection: AsyncConnection) -> str | None:
    """The revision of the database; None if it has no schema."""
    if not await connection.run_sync(_has_revision):
        return None
    found = await connection.execute(sa.text("SELECT version_num FROM alembic_version"))
    return found.scalar_one_or_none()


def read_file_revision(path: Path) -> str | None:
    """The same of an SQLite file that may not exist, without locking it or making it.

    Raises `SettingInvalid` for a file that is none of SQLite's.
    """
    if not path.exists():
        return None
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as file:
            has_revision = "SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'"
            if not file.execute(has_revision).fetchone():
                return None
            found = file.execute("SELECT version_num FROM alembic_version").fetchone()
            return found and found[0]
    except sqlite3.Error as error:
        raise SettingInvalid(
            f"{path}, which {SETTING} names, cannot be read as an SQLite database: {error}."
        ) from error


def _has_revision(connection: sa.Connection) -> bool:
    return sa.inspect(connection).has_table("alembic_version")


def standing_of(revision: str | None) -> Standing:
    """Where a database with this revision stands. Raises `DatabaseTooNew`."""
    known = known_revisions()
    if revision is None:
        return Standing.EMPTY
    if revision == known[-1]:
        return Standing.READY
    if revision in known:
        return Standing.BEHIND
    number, _, contractions = revision.partition("_")
    head_number, _, head_contractions = known[-1].partition("_")
    if number.isdecimal() and number > head_number and contractions == head_contractions:
        return Standing.READY
    raise DatabaseTooNew(
        f"The database has the schema {revision!r}, and this Windlass knows up to {known[-1]!r}:"
        " it was written by a newer version. Install that version again, restore a backup from"
        " before the upgrade, or name another database with"
        " WINDLASS_SERVER_DATABASE_CONNECTION_URL."
    )
