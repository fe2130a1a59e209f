"""Artifacts: made, found, listed, changed, deleted. Each change keeps the latest of its key."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from windlass.exceptions import ObjectNotFound
from windlass.ids import uuid7
from windlass.schemas.artifacts import Artifact, ArtifactCreate, ArtifactUpdate
from windlass.schemas.filters.artifacts import ArtifactFilter
from windlass.schemas.filters.sorting import ArtifactSort
from windlass_services.storage import artifact_collections
from windlass_services.storage.filters.artifacts import made_by, where_artifacts
from windlass_services.storage.filters.criteria import Clause
from windlass_services.storage.filters.query import Filters
from windlass_services.storage.paging import Window, count_rows, in_window
from windlass_services.storage.rows import readable
from windlass_services.storage.scope import Scope
from windlass_services.storage.tables import artifact, artifact_collection

_ORDERS: Final[Mapping[ArtifactSort, tuple[sa.ColumnElement[Any], ...]]] = {
    ArtifactSort.CREATED_DESC: (artifact.c.created.desc(), artifact.c.id.desc()),
    ArtifactSort.UPDATED_DESC: (artifact.c.updated.desc(), artifact.c.id.desc()),
    ArtifactSort.ID_DESC: (artifact.c.id.desc(),),
    # Where the index of PostgreSQL has those without a key.
    ArtifactSort.KEY_DESC: (
        artifact.c.key.desc().nulls_first(),
        artifact.c.created.desc(),
        artifact.c.id.desc(),
    ),
    ArtifactSort.KEY_ASC: (
        artifact.c.key.asc().nulls_last(),
        artifact.c.created.asc(),
        artifact.c.id.asc(),
    ),
}


async def create_artifact(
    connection: AsyncConnection, scope: Scope, wanted: ArtifactCreate, *, now: datetime
) -> Artifact:
    """Make an artifact. One with a key becomes the latest of its key."""
    made = await connection.execute(
        sa.insert(artifact)
        .values(
            id=uuid7(),
            workspace_id=scope.workspace_id,
            **wanted.model_dump(),
            created=now,
            updated=now,
        )
        .returning(artifact)
    )
    row = made.mappings().one()
    if wanted.key is not None:
        await artifact_collections.put_latest(connection, row, now=now)
    return _artifact(row)


async def read_artifact(connection: AsyncConnection, scope: Scope, id: UUID) -> Artifact:
    """Raises `ObjectNotFound`."""
    found = await _find(connection, _is(scope, id))
    if found is None:
        raise _missing(id)
    return found


async def read_latest_artifact(connection: AsyncConnection, scope: Scope, key: str) -> Artifact:
    """The newest artifact of a key. Raises `ObjectNotFound`."""
    latest = sa.select(artifact_collection.c.latest_id).where(
        artifact_collection.c.workspace_id == scope.workspace_id,
        artifact_collection.c.key == key,
    )
    found = await _find(connection, artifact.c.id == latest.scalar_subquery())
    if found is None:
        raise ObjectNotFound(f"There is no artifact with the key {key!r}.")
    return found


async def read_artifacts(
    connection: AsyncConnection,
    scope: Scope,
    asked: ArtifactFilter | None,
    filters: Filters,
    sort: ArtifactSort,
    window: Window,
) -> list[Artifact]:
    """One window of the artifacts that match every filter."""
    rows = await connection.execute(
        in_window(
            sa.select(artifact).where(_matching(scope, asked, filters)).order_by(*_ORDERS[sort]),
            window,
        )
    )
    return readable("artifact", rows.mappings(), _artifact)


async def count_artifacts(
    connection: AsyncConnection, scope: Scope, asked: ArtifactFilter | None, filters: Filters
) -> int:
    """How many artifacts match every filter."""
    return await count_rows(connection, artifact, _matching(scope, asked, filters))


async def update_artifact(
    connection: AsyncConnection, scope: Scope, id: UUID, update: ArtifactUpdate, *, now: datetime
) -> None:
    """Change what is set in `update`. Raises `ObjectNotFound`."""
    said = update.model_dump(exclude_unset=True)
    await _lock_key(connection, scope, id)
    await connection.execute(sa.update(artifact).where(_is(scope, id)).values(**said, updated=now))
    await artifact_collections.change_latest(connection, id, said, now=now)


async def delete_artifact(
    connection: AsyncConnection, scope: Scope, id: UUID, *, now: datetime
) -> None:
    """Delete an artifact; the one before it becomes the latest. Raises `ObjectNotFound`."""
    key = await _lock_key(connection, scope, id)
    await connection.execute(sa.delete(artifact).where(_is(scope, id)))
    if key is not None:
        await artifact_collections.fall_back(connection, scope, key, from_id=id, now=now)


async def _lock_key(connection: AsyncConnection, scope: Scope, id: UUID) -> str | None:
    """The key of an artifact, whose collection no one else changes now."""
    rows = await connection.execute(sa.select(artifact.c.key).where(_is(scope, id)))
    row = rows.one_or_none()
    if row is None:
        raise _missing(id)
    key: str | None = row.key
    if key is not None:
        await artifact_collections.lock(connection, scope, key)
    return key


async def _find(connection: AsyncConnection, clause: Clause) -> Artifact | None:
    rows = await connection.execute(sa.select(artifact).where(clause))
    row = rows.mappings().one_or_none()
    return None if row is None else _artifact(row)


def _is(scope: Scope, id: UUID) -> Clause:
    return sa.and_(artifact.c.workspace_id == scope.workspace_id, artifact.c.id == id)


def _matching(scope: Scope, asked: ArtifactFilter | None, filters: Filters) -> Clause:
    of_runs = made_by(scope, artifact, filters)
    return of_runs if asked is None else sa.and_(of_runs, where_artifacts(asked))


def _missing(id: UUID) -> ObjectNotFound:
    return ObjectNotFound(f"There is no artifact with the id {id}.")


def _artifact(row: sa.RowMapping) -> Artifact:
    return Artifact.model_construct(
        id=row["id"],
        created=row["created"],
        updated=row["updated"],
        key=row["key"],
        type=row["type"],
        description=row["description"],
        data=row["data"],
        metadata_=row["metadata_"],
        flow_run_id=row["flow_run_id"],
        task_run_id=row["task_run_id"],
    )
