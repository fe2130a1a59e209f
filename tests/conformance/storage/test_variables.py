"""Variables on both dialects."""

from datetime import timedelta

import pytest

from tests.support.work import NOW, SCOPE
from windlass.exceptions import ObjectAlreadyExists, ObjectNotFound
from windlass.ids import uuid7
from windlass.schemas.filters.sorting import VariableSort
from windlass.schemas.filters.variables import (
    VariableFilter,
    VariableFilterName,
    VariableFilterTags,
)
from windlass.schemas.variables import Variable, VariableCreate, VariableUpdate, VariableValue
from windlass_services.storage import variables
from windlass_services.storage.database import Database
from windlass_services.storage.paging import Window


async def make(database: Database, name: str, value: VariableValue = 1, *tags: str) -> Variable:
    wanted = VariableCreate(name=name, value=value, tags=list(tags))
    async with database.write() as connection:
        return await variables.create_variable(connection, SCOPE, wanted, now=NOW)


async def read(database: Database, name: str) -> Variable:
    async with database.read() as connection:
        return await variables.read_variable(connection, SCOPE, name)


async def change(database: Database, name: str, update: VariableUpdate) -> None:
    later = NOW + timedelta(seconds=1)
    async with database.write() as connection:
        await variables.update_variable(connection, SCOPE, name, update, now=later)


async def names(
    database: Database,
    asked: VariableFilter | None = None,
    sort: VariableSort = VariableSort.NAME_ASC,
    window: Window | None = None,
) -> list[str]:
    async with database.read() as connection:
        found = await variables.read_variables(
            connection, SCOPE, asked, sort, window or Window(200)
        )
        counted = await variables.count_variables(connection, SCOPE, asked)
    assert window or counted == len(found)
    return [variable.name for variable in found]


@pytest.mark.parametrize(
    "value",
    ["text", "12", "", 0, 7, 1.5, True, False, None, [], [1, {"a": None}], {"b": 1, "a": [2]}],
    ids=repr,
)
async def test_a_value_comes_back_as_it_was(database: Database, value: VariableValue) -> None:
    made = await make(database, "one", value)
    stored = await read(database, "one")
    assert made == stored
    assert repr(stored.value) == repr(value), "the type and the order of keys are kept too"
    await change(database, "one", VariableUpdate(value="other"))
    await change(database, "one", VariableUpdate(value=value))
    assert repr((await read(database, "one")).value) == repr(value)


async def test_a_name_is_taken_once(database: Database) -> None:
    await make(database, "one", 1)
    with pytest.raises(ObjectAlreadyExists, match="'one'"):
        await make(database, "one", 2)
    await make(database, "two", 2)
    with pytest.raises(ObjectAlreadyExists, match="'one'"):
        await change(database, "two", VariableUpdate(name="one"))
    assert (await read(database, "one")).value == 1


async def test_only_what_is_said_is_changed(database: Database) -> None:
    made = await make(database, "one", 1, "a")
    await change(database, "one", VariableUpdate(value=None))
    changed = await read(database, "one")
    assert (changed.value, changed.tags, changed.created) == (None, ["a"], made.created)
    assert changed.updated == NOW + timedelta(seconds=1)
    await change(database, "one", VariableUpdate(name="two", tags=[]))
    renamed = await read(database, "two")
    assert (renamed.id, renamed.tags) == (made.id, [])


async def test_a_variable_is_addressed_by_its_id_too(database: Database) -> None:
    made = await make(database, "one")
    async with database.write() as connection:
        assert await variables.read_variable(connection, SCOPE, made.id) == made
        update = VariableUpdate(value=2)
        await variables.update_variable(connection, SCOPE, made.id, update, now=NOW)
        assert (await variables.read_variable(connection, SCOPE, made.id)).value == 2
        await variables.delete_variable(connection, SCOPE, made.id)
    with pytest.raises(ObjectNotFound, match="'one'"):
        await read(database, "one")


async def test_what_is_not_there_is_neither_changed_nor_deleted(database: Database) -> None:
    update = VariableUpdate(value=2)
    for which in ("one", uuid7()):
        async with database.write() as connection:
            with pytest.raises(ObjectNotFound):
                await variables.read_variable(connection, SCOPE, which)
            with pytest.raises(ObjectNotFound):
                await variables.update_variable(connection, SCOPE, which, update, now=NOW)
            with pytest.raises(ObjectNotFound):
                await variables.delete_variable(connection, SCOPE, which)


async def test_variables_are_found_by_name_and_tags(database: Database) -> None:
    await make(database, "crew", 1, "ship")
    await make(database, "cargo", 1, "ship", "heavy")
    await make(database, "port", 1)
    by_name = VariableFilter(name=VariableFilterName(like_="C"))
    assert await names(database, by_name) == ["cargo", "crew"]
    any_name = VariableFilter(name=VariableFilterName(any_=["port", "none"]))
    assert await names(database, any_name) == ["port"]
    tagged = VariableFilter(tags=VariableFilterTags(all_=["ship", "heavy"]))
    assert await names(database, tagged) == ["cargo"]
    untagged = VariableFilter(tags=VariableFilterTags(is_null_=True))
    assert await names(database, untagged) == ["port"]


async def test_variables_are_sorted_and_windowed(database: Database) -> None:
    for name in ("b", "a", "c"):
        await make(database, name)
    await change(database, "a", VariableUpdate(value=2))
    assert await names(database) == ["a", "b", "c"]
    assert await names(database, sort=VariableSort.NAME_DESC) == ["c", "b", "a"]
    assert await names(database, sort=VariableSort.CREATED_DESC) == ["c", "a", "b"]
    assert await names(database, sort=VariableSort.UPDATED_DESC) == ["a", "c", "b"]
    assert await names(database, window=Window(1, 1)) == ["b"]
