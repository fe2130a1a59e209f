"""Artifacts, and the latest of each key, on both dialects."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import anyio
import pytest

from tests.support.work import NOW, SCOPE, deploy, make_run
from windlass.exceptions import ObjectNotFound
from windlass.ids import uuid7
from windlass.schemas.artifacts import (
    Artifact,
    ArtifactCollection,
    ArtifactCreate,
    ArtifactUpdate,
)
from windlass.schemas.filters.artifacts import (
    ArtifactCollectionFilter,
    ArtifactCollectionFilterKey,
    ArtifactCollectionFilterLatestId,
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    ArtifactFilterKey,
    ArtifactFilterType,
)
from windlass.schemas.filters.deployments import DeploymentFilter
from windlass.schemas.filters.flow_runs import FlowRunFilter, FlowRunFilterId
from windlass.schemas.filters.sorting import ArtifactCollectionSort, ArtifactSort
from windlass.schemas.filters.task_runs import TaskRunFilter
from windlass_services.storage import artifact_collections, artifacts
from windlass_services.storage.database import Database
from windlass_services.storage.filters.query import Filters
from windlass_services.storage.paging import Window

ALL = Window(200)


async def make(database: Database, key: str | None = None, **fields: Any) -> Artifact:
    wanted = ArtifactCreate(key=key, **fields)
    async with database.write() as connection:
        return await artifacts.create_artifact(connection, SCOPE, wanted, now=NOW)


async def change(database: Database, id: UUID, **said: Any) -> None:
    update = ArtifactUpdate(**said)
    async with database.write() as connection:
        await artifacts.update_artifact(
            connection, SCOPE, id, update, now=NOW + timedelta(seconds=1)
        )


async def delete(database: Database, id: UUID) -> None:
    async with database.write() as connection:
        await artifacts.delete_artifact(connection, SCOPE, id, now=NOW)


async def found(
    database: Database,
    asked: ArtifactFilter | None = None,
    filters: Filters | None = None,
    sort: ArtifactSort = ArtifactSort.ID_DESC,
) -> list[Artifact]:
    filters = filters or Filters()
    async with database.read() as connection:
        read = await artifacts.read_artifacts(connection, SCOPE, asked, filters, sort, ALL)
        counted = await artifacts.count_artifacts(connection, SCOPE, asked, filters)
    assert counted == len(read)
    return read


async def collections(
    database: Database,
    asked: ArtifactCollectionFilter | None = None,
    filters: Filters | None = None,
    sort: ArtifactCollectionSort = ArtifactCollectionSort.KEY_ASC,
) -> list[ArtifactCollection]:
    filters = filters or Filters()
    async with database.read() as connection:
        read = await artifact_collections.read_artifact_collections(
            connection, SCOPE, asked, filters, sort, ALL
        )
        counted = await artifact_collections.count_artifact_collections(
            connection, SCOPE, asked, filters
        )
    assert counted == len(read)
    return read


async def latest(database: Database, key: str) -> Artifact:
    """The latest of a key; its copy in the collection says the same."""
    async with database.read() as connection:
        artifact = await artifacts.read_latest_artifact(connection, SCOPE, key)
    asked = ArtifactCollectionFilter(key=ArtifactCollectionFilterKey(any_=[key]))
    [copy] = await collections(database, asked)
    assert copy.latest_id == artifact.id
    own = {"id", "created", "updated", "latest_id"}
    assert copy.model_dump(exclude=own) == artifact.model_dump(exclude=own)
    return artifact


@pytest.mark.parametrize("data", [None, "text", "12", 1.5, 0, True, [1], {"a": None}], ids=repr)
async def test_an_artifact_is_kept_as_it_was_made(database: Database, data: Any) -> None:
    made = await make(database, "one", type="t", data=data, description="d", metadata_={"m": "1"})
    assert await latest(database, "one") == made
    assert made.data == data


async def test_the_newest_artifact_of_a_key_is_the_latest(database: Database) -> None:
    await make(database, "one", data=1, description="first")
    [before] = await collections(database)
    second = await make(database, "one", data=2)
    await make(database, "other", data=3)
    assert await latest(database, "one") == second
    assert (await collections(database))[0].id == before.id
    assert len(await found(database)) == 3


async def test_an_artifact_without_a_key_is_in_no_collection(database: Database) -> None:
    made = await make(database, data=1)
    await change(database, made.id, data=2)
    assert await collections(database) == []
    await delete(database, made.id)
    assert await found(database) == []


async def test_what_is_changed_in_the_latest_is_changed_in_its_collection(
    database: Database,
) -> None:
    first = await make(database, "one", data=1, description="d")
    second = await make(database, "one", data=2, description="d")
    await change(database, first.id, data=11)
    assert (await latest(database, "one")).data == 2
    await change(database, second.id, data=None, metadata_={"m": "1"})
    changed = await latest(database, "one")
    assert (changed.data, changed.description, changed.metadata_) == (None, "d", {"m": "1"})
    assert (changed.created, changed.updated) == (NOW, NOW + timedelta(seconds=1))


async def test_the_one_before_a_deleted_latest_is_the_latest(database: Database) -> None:
    first, second, third = [await make(database, "one", data=n, type=str(n)) for n in (1, 2, 3)]
    await delete(database, second.id)
    assert (await latest(database, "one")).id == third.id
    await delete(database, third.id)
    assert (await latest(database, "one")).id == first.id
    await delete(database, first.id)
    assert await collections(database) == []
    with pytest.raises(ObjectNotFound, match="'one'"):
        await latest(database, "one")


async def test_what_is_not_there_is_neither_changed_nor_deleted(database: Database) -> None:
    nobody = uuid7()
    with pytest.raises(ObjectNotFound, match=str(nobody)):
        await change(database, nobody, data=1)
    with pytest.raises(ObjectNotFound, match=str(nobody)):
        await delete(database, nobody)
    async with database.read() as connection:
        with pytest.raises(ObjectNotFound, match=str(nobody)):
            await artifacts.read_artifact(connection, SCOPE, nobody)


async def test_many_at_once_leave_the_newest_as_the_latest(database: Database) -> None:
    made: list[Artifact] = []

    async def once() -> None:
        artifact = await make(database, "one")
        made.append(artifact)
        if len(made) % 3 == 0:
            await delete(database, artifact.id)

    async with anyio.create_task_group() as tasks:
        for _ in range(12):
            tasks.start_soon(once)
    left = await found(database)
    assert len(left) == 8
    assert (await latest(database, "one")).id == max(artifact.id for artifact in left)


async def test_artifacts_are_found_by_what_they_are(database: Database) -> None:
    run_id = uuid7()
    report = await make(database, "report", type="markdown")
    table = await make(database, "table", type="table", flow_run_id=run_id)
    bare = await make(database)
    for asked, wanted in (
        (ArtifactFilter(key=ArtifactFilterKey(like_="REP")), [report]),
        (ArtifactFilter(key=ArtifactFilterKey(exists_=True)), [table, report]),
        (ArtifactFilter(key=ArtifactFilterKey(exists_=False)), [bare]),
        (ArtifactFilter(type=ArtifactFilterType(any_=["table"])), [table]),
        (ArtifactFilter(type=ArtifactFilterType(not_any_=["table"])), [bare, report]),
        (ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run_id])), [table]),
    ):
        assert await found(database, asked) == wanted, asked
    asked = ArtifactCollectionFilter(
        latest_id=ArtifactCollectionFilterLatestId(any_=[table.id, bare.id])
    )
    assert [one.key for one in await collections(database, asked)] == ["table"]


async def test_artifacts_are_found_by_the_runs_that_made_them(database: Database) -> None:
    run = await make_run(database, await deploy(database))
    of_run = await make(database, "of-run", flow_run_id=run)
    await make(database, "of-a-deleted-run", flow_run_id=uuid7(), task_run_id=uuid7())
    this_run = Filters(flow_runs=FlowRunFilter(id=FlowRunFilterId(any_=[run])))
    assert await found(database, filters=this_run) == [of_run]
    assert [one.key for one in await collections(database, filters=this_run)] == ["of-run"]
    deployed = Filters(deployments=DeploymentFilter())
    assert await found(database, filters=deployed) == [of_run]
    assert await found(database, filters=Filters(task_runs=TaskRunFilter())) == []


async def test_artifacts_are_sorted(database: Database) -> None:
    bare = await make(database)
    b, a = await make(database, "b"), await make(database, "a")
    await change(database, b.id, data=1)
    for sort, wanted in (
        (ArtifactSort.ID_DESC, [a, b, bare]),
        (ArtifactSort.CREATED_DESC, [a, b, bare]),
        (ArtifactSort.UPDATED_DESC, [b, a, bare]),
        (ArtifactSort.KEY_ASC, [a, b, bare]),
        (ArtifactSort.KEY_DESC, [bare, b, a]),
    ):
        assert [one.id for one in await found(database, sort=sort)] == [w.id for w in wanted], sort
    for sort, keys in (
        (ArtifactCollectionSort.ID_DESC, ["a", "b"]),
        (ArtifactCollectionSort.CREATED_DESC, ["a", "b"]),
        (ArtifactCollectionSort.UPDATED_DESC, ["b", "a"]),
        (ArtifactCollectionSort.KEY_ASC, ["a", "b"]),
        (ArtifactCollectionSort.KEY_DESC, ["b", "a"]),
    ):
        assert [one.key for one in await collections(database, sort=sort)] == keys, sort
