"""Artifacts, and the latest one of each key."""

from typing import Annotated
from uuid import UUID

from starlette.responses import Response

from windlass.schemas.artifacts import (
    Artifact,
    ArtifactCollection,
    ArtifactCreate,
    ArtifactUpdate,
)
from windlass.schemas.filters.artifacts import (
    ArtifactCollectionCountQuery,
    ArtifactCollectionQuery,
    ArtifactCountQuery,
    ArtifactQuery,
)
from windlass_services.api.answers import answer, answer_list
from windlass_services.api.context import InContext, InScope, WithAuthority
from windlass_services.api.declaring import Body, Routes
from windlass_services.api.windows import filters_of, window_of
from windlass_services.storage import artifact_collections, artifacts

router = Routes(prefix="/artifacts", tags=["Artifacts"])


@router.post("/", response_model=Artifact)
async def create_artifact(
    context: InContext, scope: InScope, _: WithAuthority, wanted: ArtifactCreate
) -> Response:
    """Make an artifact; one with a key becomes the latest of its key."""
    async with context.database.write() as connection:
        made = await artifacts.create_artifact(connection, scope, wanted, now=context.clock())
    return answer(made, 201)


@router.post("/filter", response_model=list[Artifact])
async def read_artifacts(
    context: InContext, scope: InScope, query: Annotated[ArtifactQuery | None, Body()] = None
) -> Response:
    """Artifacts that match, in the order asked for."""
    query = query or ArtifactQuery()
    window = window_of(context, query.limit, query.offset)
    async with context.database.read() as connection:
        found = await artifacts.read_artifacts(
            connection, scope, query.artifacts, filters_of(query), query.sort, window
        )
    return answer_list(found)


@router.post("/count")
async def count_artifacts(
    context: InContext, scope: InScope, query: Annotated[ArtifactCountQuery | None, Body()] = None
) -> int:
    """How many artifacts match."""
    asked = query and query.artifacts
    async with context.database.read() as connection:
        return await artifacts.count_artifacts(connection, scope, asked, filters_of(query))


@router.post("/latest/filter", response_model=list[ArtifactCollection])
async def read_latest_artifacts(
    context: InContext,
    scope: InScope,
    query: Annotated[ArtifactCollectionQuery | None, Body()] = None,
) -> Response:
    """The latest artifacts of those keys where they match, in the order asked for."""
    query = query or ArtifactCollectionQuery()
    window = window_of(context, query.limit, query.offset)
    async with context.database.read() as connection:
        found = await artifact_collections.read_artifact_collections(
            connection, scope, query.artifacts, filters_of(query), query.sort, window
        )
    return answer_list(found)


@router.post("/latest/count")
async def count_latest_artifacts(
    context: InContext,
    scope: InScope,
    query: Annotated[ArtifactCollectionCountQuery | None, Body()] = None,
) -> int:
    """Of how many keys the latest artifact matches."""
    asked = query and query.artifacts
    async with context.database.read() as connection:
        return await artifact_collections.count_artifact_collections(
            connection, scope, asked, filters_of(query)
        )


@router.get("/{id}", response_model=Artifact)
async def read_artifact(context: InContext, scope: InScope, id: UUID) -> Response:
    """One artifact."""
    async with context.database.read() as connection:
        return answer(await artifacts.read_artifact(connection, scope, id))


@router.get("/{key}/latest", response_model=Artifact)
async def read_latest_artifact(context: InContext, scope: InScope, key: str) -> Response:
    """The latest artifact of a key."""
    async with context.database.read() as connection:
        return answer(await artifacts.read_latest_artifact(connection, scope, key))


@router.patch("/{id}", status_code=204)
async def update_artifact(
    context: InContext, scope: InScope, _: WithAuthority, id: UUID, update: ArtifactUpdate
) -> None:
    """Change what is sent."""
    async with context.database.write() as connection:
        await artifacts.update_artifact(connection, scope, id, update, now=context.clock())


@router.delete("/{id}", status_code=204)
async def delete_artifact(context: InContext, scope: InScope, id: UUID) -> None:
    """Delete an artifact; the one before it becomes the latest of its key."""
    async with context.database.write() as connection:
        await artifacts.delete_artifact(connection, scope, id, now=context.clock())
