"""The servers under the tests are real, and empty for each test."""

from collections.abc import Iterator

import asyncpg
import pytest
from redis.asyncio import Redis

from tests.support.postgres import create_database, drop_database, run_statement
from tests.support.redis import count_keys


async def test_a_fresh_database_is_empty(fresh_postgres_url: str) -> None:
    assert await _tables(fresh_postgres_url) == []


async def test_a_database_is_copied_from_a_template(
    postgres_server: str, template: str, database_names: Iterator[str]
) -> None:
    name = next(database_names)
    copy = create_database(postgres_server, name, template=template)
    try:
        assert await _tables(copy) == ["kept"]
    finally:
        drop_database(postgres_server, name)


@pytest.mark.parametrize("key", ["one", "two"])
async def test_redis_is_empty_for_every_test(redis_url: str, key: str) -> None:
    assert count_keys(redis_url) == 0
    async with Redis.from_url(redis_url) as client:  # pyright: ignore[reportUnknownMemberType]
        await client.set(key, "left behind")


@pytest.fixture
def template(postgres_server: str, database_names: Iterator[str]) -> Iterator[str]:
    name = next(database_names)
    run_statement(create_database(postgres_server, name), "CREATE TABLE kept (number int)")
    yield name
    drop_database(postgres_server, name)


async def _tables(url: str) -> list[str]:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return [row["tablename"] for row in rows]
    finally:
        await connection.close()
