"""Making, migrating and resetting the schema of a database: what needs Alembic."""

import asyncio
import io
import re
from argparse import Namespace
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final, Literal

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.clock import utc_now
from windlass.exceptions import RequestInvalid
from windlass_services.storage.addresses import SqliteAddress, parse_database_url
from windlass_services.storage.file_lock import FileLock
from windlass_services.storage.partitions import ensure_partitions
from windlass_services.storage.revisions import (
    MIGRATIONS,
    Standing,
    known_revisions,
    read_file_revision,
    read_revision,
    standing_of,
)
from windlass_services.storage.sqlite import sqlite_engine
from windlass_services.storage.tables import metadata

Phase = Literal["pre", "post"]
"""`pre` only adds and runs before new code starts; `post` removes what no running code uses."""

PATIENCE: Final = timedelta(minutes=30)
"""How long one statement of a migration may take, and how long a replica waits for its turn."""
_LOCK: Final = 0x57696E64_00000001
"""Of `pg_advisory_xact_lock`: of the replicas that start together, one migrates."""

_STEPS: Final = re.compile(r"[+-]\d+")


async def upgrade(
    database_url: str, revision: str = "head", *, dry_run: bool = False
) -> str | None:
    """Migrate to `revision`, in one transaction; nothing happens when it is there already.

    With `dry_run` nothing is changed, and the SQL is returned. Raises `DatabaseTooNew`,
    `ReplicaRefused` for an SQLite file in use, `RequestInvalid` for an unknown revision.
    """
    async with migrating(database_url) as connection:
        return await upgrade_connection(connection, revision, dry_run=dry_run)


async def upgrade_connection(
    connection: AsyncConnection, revision: str = "head", *, dry_run: bool = False
) -> str | None:
    """`upgrade` over a connection of `migrating`."""
    there = await read_revision(connection)
    if standing_of(there) is Standing.READY and revision == "head":
        return "" if dry_run else None
    text = await _run(connection, command.upgrade, _checked(revision), since=there, dry_run=dry_run)
    if not dry_run:
        await ensure_partitions(connection, utc_now().date())
    return text


async def downgrade(database_url: str, revision: str, *, dry_run: bool = False) -> str | None:
    """Migrate back to `revision` (`base`: to nothing). As `upgrade` otherwise."""
    async with migrating(database_url) as connection:
        there = await read_revision(connection)
        standing_of(there)
        return await _run(
            connection,
            command.downgrade,
            _checked(revision),
            since=there or "base",
            dry_run=dry_run,
        )


async def stamp(database_url: str, revision: str) -> None:
    """Say that the database is at `revision`, without running any migration."""
    async with migrating(database_url) as connection:
        await _run(connection, command.stamp, _checked(revision), since=None, dry_run=False)


async def current(database_url: str) -> str | None:
    """The revision of the database; None if it has no schema."""
    address = parse_database_url(database_url)
    if isinstance(address, SqliteAddress):
        return await asyncio.to_thread(read_file_revision, address.path)
    async with migrating(database_url) as connection:
        return await read_revision(connection)


async def reset(database_url: str) -> None:
    """Drop every table of ours with all its rows, and make them anew."""
    async with migrating(database_url) as connection:
        await drop_tables(connection)
        await upgrade_connection(connection)


async def drop_tables(connection: AsyncConnection) -> None:
    """Drop every table of ours with all its rows."""
    await connection.run_sync(metadata.drop_all)
    await connection.execute(sa.text("DROP TABLE IF EXISTS alembic_version"))


async def new_revision(
    message: str, *, database_url: str, phase: Phase = "pre", autogenerate: bool = True
) -> Path:
    """Write the next migration and return its path.

    With `autogenerate` it holds what separates the database, which must be at head, from the
    tables in the code.
    """
    known = known_revisions()
    number, _, contractions = known[-1].partition("_")
    following = f"{int(number) + 1:04d}"
    async with migrating(database_url) as connection:

        def write(sync: sa.Connection) -> Path:
            script = command.revision(
                _config(sync.dialect.name, sync),
                message=f"{following} {phase} {message}",
                autogenerate=autogenerate,
                rev_id=f"{following}_{int(contractions) + (phase == 'post')}",
            )
            if script is None or isinstance(script, list):
                raise RequestInvalid("Alembic wrote no migration.")
            return Path(script.path)

        return await connection.run_sync(write)


@asynccontextmanager
async def migrating(database_url: str) -> AsyncGenerator[AsyncConnection]:
    """One transaction that nobody else migrates in; committed when the block ends."""
    address = parse_database_url(database_url)
    if isinstance(address, SqliteAddress):
        lock = FileLock(address.path)
        lock.acquire()
        try:
            async with migrating_file(address.path) as connection:
                yield connection
        finally:
            lock.release()
        return
    from windlass_services.storage.postgres import (  # noqa: PLC0415 (its driver is an extra)
        busy_when_out_of_order,
        postgres_engine,
    )

    engine = postgres_engine(address, PATIENCE, connecting=PATIENCE)
    try:
        async with busy_when_out_of_order(), engine.begin() as connection:
            await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            yield connection
    finally:
        await engine.dispose()


@asynccontextmanager
async def migrating_file(path: Path) -> AsyncGenerator[AsyncConnection]:
    """The same for an SQLite file whose lock is held already."""
    engine = sqlite_engine(path, begin="BEGIN IMMEDIATE", connections=1)
    try:
        async with engine.begin() as connection:
            yield connection
    finally:
        await engine.dispose()


async def render_snapshot(folder: Path) -> str:
    """The SQL of a new SQLite database, from one that the migrations make in `folder`."""
    async with migrating_file(folder / "snapshot.db") as connection:
        await upgrade_connection(connection)
        # Tables before their indexes, whose automatic ones have no SQL.
        made = await connection.execute(
            sa.text(
                "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL"
                " ORDER BY type = 'index', tbl_name, name"
            )
        )
        statements = [str(sql).strip() for sql in made.scalars()]
    statements.append(f"INSERT INTO alembic_version VALUES ('{known_revisions()[-1]}')")
    text = "".join(f"{statement};\n" for statement in statements)
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


async def _run(
    connection: AsyncConnection,
    run: Callable[..., object],
    revision: str,
    *,
    since: str | None,
    dry_run: bool,
) -> str | None:
    """Run an Alembic command over the connection; with `dry_run`, answer with its SQL."""
    output = io.StringIO()

    def call(sync: sa.Connection) -> None:
        if dry_run:
            span = revision if since is None else f"{since}:{revision}"
            run(_config(sync.dialect.name, output=output), span, sql=True)
        else:
            run(_config(sync.dialect.name, sync), revision)

    try:
        await connection.run_sync(call)
    except CommandError as error:
        raise RequestInvalid(f"Alembic cannot do this: {error}.") from error
    return output.getvalue() if dry_run else None


def _config(
    dialect: str, connection: sa.Connection | None = None, output: io.StringIO | None = None
) -> Config:
    config = Config(
        output_buffer=output or io.StringIO(),
        stdout=io.StringIO(),
        cmd_opts=Namespace(quiet=True),
    )
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.set_main_option("file_template", "%%(slug)s")
    config.set_main_option("truncate_slug_length", "80")
    config.attributes["dialect"] = dialect
    if connection is not None:
        config.attributes["connection"] = connection
    return config


def _checked(revision: str) -> str:
    known = known_revisions()
    if revision in ("head", "base") or revision in known or _STEPS.fullmatch(revision):
        return revision
    raise RequestInvalid(
        f"There is no revision {revision!r}. Known are {', '.join(known)}, and the words head and"
        " base."
    )
