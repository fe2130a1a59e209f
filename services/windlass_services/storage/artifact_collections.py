"""The latest artifact of each key: a copy, kept in the transaction that changes the artifact.

Whoever may change which one is the latest holds the row of the key until the commit.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.ids import uuid7
from windlass.schemas.artifacts import ArtifactCollection
from windlass.schemas.filters.artifacts import ArtifactCollectionFilter
from windlass.schemas.filters.sorting import ArtifactCollectionSort
from windlass_services.storage.filters.artifacts import made_by, where_artifact_collections
from windlass_services.storage.filters.criteria import Clause
from windlass_services.storage.filters.query import Filters
from windlass_services.storage.paging import Window, count_rows, in_window
from windlass_services.storage.rows import readable
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import artifact, artifact_collection
from windlass_services.storage.upserts import insert_into

_ORDERS: Final[Mapping[ArtifactCollectionSort, tuple[sa.ColumnElement[Any], ...]]] = {
    ArtifactCollectionSort.CREATED_DESC: (
        artifact_collection.c.created.desc(),
        artifact_collection.c.id.desc(),
    ),
    ArtifactCollectionSort.UPDATED_DESC: (
        artifact_collection.c.updated.desc(),
        artifact_collection.c.id.desc(),
    ),
    ArtifactCollectionSort.ID_DESC: (artifact_collection.c.id.desc(),),
    ArtifactCollectionSort.KEY_DESC: (artifact_collection.c.key.desc(),),
    ArtifactCollectionSort.KEY_ASC: (artifact_collection.c.key.asc(),),
}
_COPIED: Final = ("type", "description", "data", "metadata_", "flow_run_id", "task_run_id")


async def read_artifact_collections(
    connection: AsyncConnection,
    scope: Scope,
    asked: ArtifactCollectionFilter | None,
    filters: Filters,
    sort: ArtifactCollectionSort,
    window: Window,
) -> list[ArtifactCollection]:
    """One window of the latest artifacts that match every filter."""
    rows = await connection.execute(
        in_window(
            sa.select(artifact_collection)
            .where(_matching(scope, asked, filters))
            .order_by(*_ORDERS[sort]),
            window,
        )
    )
    return readable("artifact collection", rows.mappings(), _collection)


async def count_artifact_collections(
    connection: AsyncConnection,
    scope: Scope,
    asked: ArtifactCollectionFilter | None,
    filters: Filters,
) -> int:
    """How many latest artifacts match every filter."""
    return await count_rows(connection, artifact_collection, _matching(scope, asked, filters))


async def put_latest(connection: AsyncConnection, made: sa.RowMapping, *, now: datetime) -> None:
    """Let a row of `artifact` be the latest of its key, unless a newer one is already."""
    insert = insert_into(connection, artifact_collection).values(
        id=uuid7(),
        workspace_id=made["workspace_id"],
        key=made["key"],
        **_copy(made),
        created=now,
        updated=now,
    )
    changed = {name: insert.excluded[name] for name in ("latest_id", *_COPIED, "updated")}
    await connection.execute(
        insert.on_conflict_do_update(
            index_elements=["workspace_id", "key"],
            set_=changed,
            # Two at once: the one that commits last need not be the newer one.
            where=artifact_collection.c.latest_id < insert.excluded.latest_id,
        )
    )


async def change_latest(
    connection: AsyncConnection, id: UUID, said: Mapping[str, Any], *, now: datetime
) -> None:
    """Change the copy of an artifact, if it is the latest of its key."""
    await connection.execute(
        sa.update(artifact_collection)
        .where(artifact_collection.c.latest_id == id)
        .values(**said, updated=now)
    )


async def lock(connection: AsyncConnection, scope: Scope, key: str) -> None:
    """Wait for whoever changes the latest artifact of a key, and let nobody else do it now."""
    await connection.execute(
        sa.select(artifact_collection.c.id).where(_is(scope, key)).with_for_update()
    )


async def fall_back(
    connection: AsyncConnection, scope: Scope, key: str, *, from_id: UUID, now: datetime
) -> None:
    """After the artifact `from_id` was deleted: if it was the latest, the one before it is now."""
    was_latest = sa.and_(_is(scope, key), artifact_collection.c.latest_id == from_id)
    rows = await connection.execute(
        sa.select(artifact)
        .where(artifact.c.workspace_id == scope.workspace_id, artifact.c.key == key)
        .order_by(artifact.c.created.desc(), artifact.c.id.desc())
        .limit(1)
    )
    before = rows.mappings().one_or_none()
    if before is None:
        await connection.execute(sa.delete(artifact_collection).where(was_latest))
        return
    await connection.execute(
        sa.update(artifact_collection).where(was_latest).values(**_copy(before), updated=now)
    )


def _copy(row: sa.RowMapping) -> dict[str, Any]:
    return {"latest_id": row["id"], **{name: row[name] for name in _COPIED}}


def _is(scope: Scope, key: str) -> Clause:
    return sa.and_(
        artifact_collection.c.workspace_id == scope.workspace_id, artifact_collection.c.key == key
    )


def _matching(scope: Scope, asked: ArtifactCollectionFilter | None, filters: Filters) -> Clause:
    of_runs = made_by(scope, artifact_collection, filters)
    return of_runs if asked is None else sa.and_(of_runs, where_artifact_collections(asked))


def _collection(row: sa.RowMapping) -> ArtifactCollection:
    return ArtifactCollection.model_construct(
        id=row["id"],
        created=row["created"],
        updated=row["updated"],
        key=row["key"],
        latest_id=row["latest_id"],
        type=row["type"],
        description=row["description"],
        data=row["data"],
        metadata_=row["metadata_"],
        flow_run_id=row["flow_run_id"],
        task_run_id=row["task_run_id"],
    )
