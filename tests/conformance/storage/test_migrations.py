"""Making and migrating the schema."""

import asyncio
import re
import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from tests.conformance.storage.world import NOON, World
from tests.support.golden import assert_golden
from windlass.exceptions import RequestInvalid
from windlass.schemas.states import StateType
from windlass_services.storage import revisions, schema, tables
from windlass_services.storage.migrations.comparing import is_in_tables, is_on_sqlite
from windlass_services.storage.partitions import ensure_partitions


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest) -> str:
    """A database without a schema."""
    name = "sqlite_url" if request.param == "sqlite" else "fresh_postgres_url"
    url: str = request.getfixturevalue(name)
    return url


async def differences(url: str) -> list[object]:
    """What separates the database from the tables in the code."""

    def compare(connection: sa.Connection) -> list[object]:
        options: dict[str, Any] = {"include_name": is_in_tables}
        if connection.dialect.name == "sqlite":
            options["include_object"] = is_on_sqlite
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, tables.metadata))

    async with schema.migrating(url) as connection:
        return await connection.run_sync(compare)


async def names(url: str) -> set[str]:
    async with schema.migrating(url) as connection:
        return set(await connection.run_sync(lambda sync: sa.inspect(sync).get_table_names()))


async def test_a_new_sqlite_database_is_what_the_migrations_make(tmp_path: Path) -> None:
    assert_golden(revisions.SNAPSHOT, await schema.render_snapshot(tmp_path))


def test_the_names_of_the_migrations_say_their_order() -> None:
    scripts = ScriptDirectory(str(revisions.MIGRATIONS))
    walked = [script.revision for script in scripts.walk_revisions()]
    assert tuple(reversed(walked)) == revisions.known_revisions()


async def test_migrations_make_the_tables_of_the_code(empty_url: str) -> None:
    assert await schema.current(empty_url) is None
    await schema.upgrade(empty_url)
    assert await schema.current(empty_url) == revisions.known_revisions()[-1]
    assert await differences(empty_url) == []


async def test_migrating_again_changes_nothing(empty_url: str) -> None:
    await schema.upgrade(empty_url)
    before = await names(empty_url)
    await schema.upgrade(empty_url)
    assert await names(empty_url) == before


async def test_migrating_at_once_migrates_once(fresh_postgres_url: str) -> None:
    await asyncio.gather(*(schema.upgrade(fresh_postgres_url) for _ in range(3)))
    assert await differences(fresh_postgres_url) == []


async def test_going_back_to_nothing_leaves_nothing(empty_url: str) -> None:
    await schema.upgrade(empty_url)
    await schema.downgrade(empty_url, "base")
    assert await names(empty_url) == {"alembic_version"}
    await schema.upgrade(empty_url)
    assert await differences(empty_url) == []


async def test_a_dry_run_shows_the_sql_and_changes_nothing(empty_url: str) -> None:
    text = await schema.upgrade(empty_url, dry_run=True)
    assert text is not None
    assert "CREATE TABLE flow_run (" in text
    assert await names(empty_url) == set()
    await schema.upgrade(empty_url)
    text = await schema.downgrade(empty_url, "base", dry_run=True)
    assert text is not None
    assert "DROP TABLE flow_run;" in text
    assert await differences(empty_url) == []
    assert await schema.upgrade(empty_url, dry_run=True) == ""


async def test_a_stamp_says_where_a_database_is(empty_url: str) -> None:
    head = revisions.known_revisions()[-1]
    await schema.stamp(empty_url, "head")
    assert await schema.current(empty_url) == head
    assert await names(empty_url) == {"alembic_version"}


async def test_an_unknown_revision_is_refused(empty_url: str) -> None:
    with pytest.raises(RequestInvalid, match="Known are 0001_0"):
        await schema.upgrade(empty_url, "0815")


async def test_a_reset_drops_every_row(world: World, database_url: str) -> None:
    await world.create()
    await world.database.close()
    await schema.reset(database_url)
    assert await differences(database_url) == []
    async with schema.migrating(database_url) as connection:
        left = await connection.execute(sa.select(sa.func.count()).select_from(tables.flow_run))
        assert left.scalar_one() == 0


async def test_a_new_migration_holds_what_the_database_lacks(
    empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "migrations"
    shutil.copytree(revisions.MIGRATIONS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for module in (revisions, schema):
        monkeypatch.setattr(module, "MIGRATIONS", copy)
    await schema.upgrade(empty_url)
    async with schema.migrating(empty_url) as connection:
        await connection.execute(sa.text("ALTER TABLE deployment DROP COLUMN pull_steps"))
    known = revisions.known_revisions()
    path = await schema.new_revision("bring back steps", database_url=empty_url)
    number = len(known)
    assert path.name == f"{number + 1:04d}_pre_bring_back_steps.py"
    assert "sa.Column('pull_steps', Json, nullable=True)" in path.read_text()
    assert revisions.known_revisions() == (*known, f"{number + 1:04d}_0")
    await schema.upgrade(empty_url)
    assert await schema.current(empty_url) == f"{number + 1:04d}_0"
    contract = await schema.new_revision(
        "remove more", database_url=empty_url, phase="post", autogenerate=False
    )
    assert contract.name == f"{number + 2:04d}_post_remove_more.py"
    assert revisions.known_revisions()[-1] == f"{number + 2:04d}_1"


async def partitions(url: str) -> set[str]:
    return {name for name in await names(url) if re.search(r"_\d{8}$", name)}


async def test_history_has_a_partition_for_every_day_to_come(postgres_url: str) -> None:
    today = date(2031, 5, 30)
    async with schema.migrating(postgres_url) as connection:
        made = await ensure_partitions(connection, today, ahead_days=2)
        assert await ensure_partitions(connection, today, ahead_days=2) == []
    assert len(made) == 4 * len(tables.PARTITIONED_BY_DAY)
    assert {"event_20310529", "log_20310601", "flow_run_state_20310530"} <= set(made)
    assert set(made) <= await partitions(postgres_url)
    assert await differences(postgres_url) == []


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_a_late_partition_takes_over_the_rows_of_its_day(world: World) -> None:
    await world.create(StateType.PENDING)
    async with world.database.write() as connection:
        await ensure_partitions(connection, NOON.date() + timedelta(days=1))
    async with world.database.read() as connection:
        found = await connection.execute(sa.text("SELECT count(*) FROM flow_run_state_20260301"))
        assert found.scalar_one() == 1
    assert len(await world.rows(tables.flow_run_state)) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_sqlite_has_no_partitions(world: World) -> None:
    async with world.database.write() as connection:
        assert await ensure_partitions(connection, NOON.date()) == []
