"""What triggers remember, on both dialects."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.event import listen

from tests.support.work import NOW, SCOPE
from windlass.ids import uuid7
from windlass.schemas.automations import AutomationCreate, AutomationPartialUpdate
from windlass.schemas.base import JsonObject
from windlass_services.storage import automations
from windlass_services.storage import trigger_buckets as buckets
from windlass_services.storage.database import Connection, Database
from windlass_services.storage.tables import trigger_bucket
from windlass_services.storage.trigger_buckets import BucketKey, BucketRow
from windlass_services.storage.watched_automations import (
    has_enabled_automations,
    hold_automations,
    read_enabled_automations,
    read_fingerprint,
)

TRIGGER_ID = uuid7()
LATER = NOW + timedelta(seconds=1)


async def automation(database: Database) -> UUID:
    said: JsonObject = {"name": "a", "trigger": {"type": "event"}, "actions": []}
    wanted = AutomationCreate.model_validate(said)
    async with database.write() as connection:
        return (await automations.create_automation(connection, SCOPE, wanted, now=NOW)).id


async def some_keys(database: Database, *keys: str) -> list[BucketKey]:
    id = await automation(database)
    return [BucketKey(id, TRIGGER_ID, key) for key in keys]


@asynccontextmanager
async def holding(
    database: Database, *keys: BucketKey
) -> AsyncGenerator[tuple[Connection, dict[BucketKey, BucketRow]]]:
    async with database.write() as connection:
        yield connection, await buckets.hold_buckets(connection, SCOPE, keys, now=NOW)


async def write(database: Database, rows: dict[BucketKey, BucketRow]) -> None:
    async with holding(database, *rows) as (connection, _):
        await buckets.write_buckets(connection, SCOPE, rows, now=NOW)


async def stored(database: Database) -> list[str]:
    async with database.read() as connection:
        rows = await connection.execute(sa.select(trigger_bucket.c.key).order_by("key"))
        return list(rows.scalars())


async def test_a_bucket_is_as_it_was_written(database: Database) -> None:
    one, other = await some_keys(database, "1", "2")
    row = BucketRow({"seen": [[NOW.isoformat(), 1]]}, NOW, NOW + timedelta(minutes=1))
    async with holding(database, other, one) as (connection, held):
        assert held == {one: BucketRow(), other: BucketRow()}
        await buckets.write_buckets(connection, SCOPE, {one: row}, now=NOW)
        await buckets.delete_buckets(connection, [other])
    async with holding(database, one, other) as (_, held):
        assert held == {one: row, other: BucketRow()}


async def test_two_thousand_buckets_are_held_at_once(database: Database) -> None:
    keys = await some_keys(database, *(f"{number:04}" for number in range(2000)))
    async with holding(database, *reversed(keys)) as (connection, held):
        assert len(held) == 2000
        rows = {key: BucketRow({"n": key.key}) for key in keys}
        statements: list[object] = []

        def note(*said: Any) -> None:
            statements.append(said[2])

        listen(connection.sync_connection, "before_cursor_execute", note)
        await buckets.write_buckets(connection, SCOPE, rows, now=NOW)
        assert len(statements) == 2, "one for a thousand"
    async with holding(database, *keys) as (_, held):
        assert held == rows


async def test_writers_that_race_lose_nothing(database: Database) -> None:
    keys = await some_keys(database, "1", "2", "3")

    async def count(number: int) -> None:
        mine = keys[number % 2 :] if number % 3 else list(reversed(keys))
        async with holding(database, *mine) as (connection, held):
            rows = {
                key: replace(row, counted={"ids": [*row.counted.get("ids", ()), number]})
                for key, row in held.items()
            }
            await buckets.write_buckets(connection, SCOPE, rows, now=NOW)

    await asyncio.gather(*(count(number) for number in range(12)))
    async with holding(database, *keys) as (_, held):
        assert [sorted(held[key].counted["ids"]) for key in keys[1:]] == [list(range(12))] * 2


async def test_buckets_that_are_due_are_held_by_one(database: Database) -> None:
    keys = await some_keys(database, "1", "2", "3", "4")
    dues = [NOW, NOW - timedelta(seconds=5), LATER, None]
    await write(database, {key: BucketRow(due=due) for key, due in zip(keys, dues, strict=True)})
    both_look, taken = asyncio.Barrier(2), list[str]()

    async def fire() -> None:
        async with database.read() as connection:
            assert await buckets.is_any_due(connection, SCOPE, now=NOW)
        await both_look.wait()
        async with database.write() as connection:
            due = await buckets.hold_due_buckets(connection, SCOPE, now=NOW, limit=10)
            taken.extend(key.key for key in due)
            rows = {key: replace(row, due=None) for key, row in due.items()}
            await buckets.write_buckets(connection, SCOPE, rows, now=NOW)

    await asyncio.gather(fire(), fire())
    assert sorted(taken) == ["1", "2"]
    async with database.read() as connection:
        assert not await buckets.is_any_due(connection, SCOPE, now=NOW)


async def test_buckets_go_with_their_automation(database: Database) -> None:
    keys = await some_keys(database, "1", "2")
    others = await some_keys(database, "3")
    await write(database, {key: BucketRow() for key in (*keys, *others)})
    async with database.write() as connection:
        await automations.delete_automation(connection, SCOPE, keys[0].automation_id)
    assert await stored(database) == ["3"]


async def test_what_is_there_is_left_alone(database: Database) -> None:
    one, other = await some_keys(database, "1", "2")
    await write(database, {one: BucketRow({"n": 1})})
    async with database.write() as connection:
        rows = {one: BucketRow({"n": 2}), other: BucketRow({"n": 2})}
        await buckets.add_buckets(connection, SCOPE, rows, now=NOW)
    async with holding(database, one, other) as (_, held):
        assert [held[key].counted["n"] for key in (one, other)] == [1, 2]


async def test_what_waits_for_nothing_is_forgotten(database: Database) -> None:
    keys = await some_keys(database, "waits", "done", "overdue")
    dues = [LATER, None, NOW - timedelta(days=1)]
    await write(database, {key: BucketRow(due=due) for key, due in zip(keys, dues, strict=True)})
    async with database.write() as connection:
        assert await buckets.forget_buckets(connection, SCOPE, before=NOW) == 0
        assert await buckets.forget_buckets(connection, SCOPE, before=LATER) == 2
    assert await stored(database) == ["waits"]


async def test_enabled_automations_are_known_by_their_last_change(database: Database) -> None:
    async with database.read() as connection:
        assert not await has_enabled_automations(connection)
        assert await read_fingerprint(connection, SCOPE) == (0, None)
    ids = [await automation(database) for _ in range(2)]
    off = AutomationPartialUpdate(enabled=False)
    async with database.write() as connection:
        await automations.patch_automation(connection, SCOPE, ids[0], off, now=LATER)
    async with database.write() as connection:
        assert await has_enabled_automations(connection)
        assert await read_fingerprint(connection, SCOPE) == (1, LATER)
        assert await hold_automations(connection, SCOPE, ids) == {ids[1]: NOW}
        enabled = await read_enabled_automations(connection, SCOPE)
        assert [(one.id, one.updated) for one in enabled] == [(ids[1], NOW)]


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_an_automation_that_is_counted_for_stays_until_that_is_done(
    database: Database,
) -> None:
    id = await automation(database)

    async def delete() -> None:
        async with database.write() as connection:
            await automations.delete_automation(connection, SCOPE, id)

    async with database.write() as connection:
        assert await hold_automations(connection, SCOPE, [id]) == {id: NOW}
        deleting = asyncio.create_task(delete())
        key = BucketKey(id, TRIGGER_ID, "{}")
        await buckets.hold_buckets(connection, SCOPE, [key], now=NOW)
    await deleting
    assert await stored(database) == []
