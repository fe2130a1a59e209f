"""Saved searches and tokens against cross-site requests, on both dialects."""

from datetime import timedelta

import pytest

from tests.support.work import NOW, SCOPE
from windlass.exceptions import ObjectNotFound
from windlass.schemas.saved_searches import SavedSearchCreate, SavedSearchFilter
from windlass_services.storage import csrf_tokens, saved_searches
from windlass_services.storage.database import Database
from windlass_services.storage.paging import Window

FILTER = SavedSearchFilter(
    object="flow_run", property="tags", type="list", operation="any", value={"a": [1, None]}
)
HOUR = timedelta(hours=1)


async def test_a_search_is_put_in_place_of_the_one_of_its_name(database: Database) -> None:
    late = SavedSearchCreate(name="late", filters=[FILTER])
    async with database.write() as connection:
        first, is_new = await saved_searches.put_saved_search(connection, SCOPE, late, now=NOW)
        assert is_new
        assert await saved_searches.read_saved_search(connection, SCOPE, first.id) == first
        assert first.filters == [FILTER]
        empty = SavedSearchCreate(name="late")
        again, is_new = await saved_searches.put_saved_search(
            connection, SCOPE, empty, now=NOW + HOUR
        )
        assert not is_new
        assert (again.id, again.filters) == (first.id, [])
        assert (again.created, again.updated) == (NOW, NOW + HOUR)


async def test_searches_are_listed_by_name_and_deleted(database: Database) -> None:
    async with database.write() as connection:
        made = [
            await saved_searches.put_saved_search(
                connection, SCOPE, SavedSearchCreate(name=name), now=NOW
            )
            for name in ("b", "c", "a")
        ]
        found = await saved_searches.read_saved_searches(connection, SCOPE, Window(2))
        assert [search.name for search in found] == ["a", "b"]
        id = made[0][0].id
        await saved_searches.delete_saved_search(connection, SCOPE, id)
        with pytest.raises(ObjectNotFound, match=str(id)):
            await saved_searches.delete_saved_search(connection, SCOPE, id)
        with pytest.raises(ObjectNotFound, match=str(id)):
            await saved_searches.read_saved_search(connection, SCOPE, id)
        found = await saved_searches.read_saved_searches(connection, SCOPE, Window(9, 1))
        assert [search.name for search in found] == ["c"]


async def test_a_client_has_one_token_until_it_expires(database: Database) -> None:
    async with database.write() as connection:

        async def put(client: str, token: str, hours: int = 0) -> None:
            await csrf_tokens.put_csrf_token(
                connection, SCOPE, client, token, now=NOW + hours * HOUR, lifetime=HOUR
            )

        async def read(client: str, hours: float = 0) -> str | None:
            now = NOW + hours * HOUR
            return await csrf_tokens.read_csrf_token(connection, SCOPE, client, now=now)

        await put("me", "old")
        await put("me", "new")
        await put("you", "yours")
        assert (await read("me"), await read("you"), await read("nobody")) == ("new", "yours", None)
        assert (await read("me", 1), await read("me", 1.01)) == ("new", None)
        await put("you", "later", 2)
        assert await read("me") is None, "what is expired is removed when a token is made"
