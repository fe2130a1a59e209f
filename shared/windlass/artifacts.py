"""Public: artifacts, what runs make for people to look at."""

import json
import math
from contextlib import AsyncExitStack
from typing import Any, TypeAlias, cast
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from windlass.client.orchestration import WindlassClient, get_client
from windlass.context import current_scope
from windlass.dispatch import dispatched
from windlass.events.utilities import emit_event
from windlass.exceptions import ObjectNotFound
from windlass.schemas.artifacts import Artifact as ArtifactResponse
from windlass.schemas.artifacts import ArtifactCreate, ArtifactKey, ArtifactUpdate
from windlass.schemas.base import JsonObject, JsonValue
from windlass.schemas.filters.artifacts import ArtifactQuery
from windlass.schemas.filters.sorting import ArtifactSort

__all__ = [
    "Artifact",
    "ArtifactResponse",
    "ImageArtifact",
    "LinkArtifact",
    "MarkdownArtifact",
    "ProgressArtifact",
    "TableArtifact",
    "acreate_image_artifact",
    "acreate_link_artifact",
    "acreate_markdown_artifact",
    "acreate_progress_artifact",
    "acreate_table_artifact",
    "aupdate_progress_artifact",
    "create_image_artifact",
    "create_link_artifact",
    "create_markdown_artifact",
    "create_progress_artifact",
    "create_table_artifact",
    "update_progress_artifact",
]

Table: TypeAlias = dict[str, list[Any]] | list[dict[str, Any]] | list[list[Any]]
"""Columns by name, rows as dictionaries, or rows as lists."""


class Artifact(BaseModel):
    """What is to become an artifact of the run that creates it, or of no run.

    Artifacts of one `key` (lowercase letters, digits, dashes) are versions of each other; one
    without is shown with its run only. `data` is stored as JSON text. `create`, `get` and
    `get_or_create` are awaited in asynchronous code.
    """

    model_config = ConfigDict(extra="forbid")

    type: str
    key: ArtifactKey | None = None
    description: str | None = None
    data: JsonValue = None

    def format(self) -> JsonValue:
        """What is stored as the artifact's data; a kind of artifact overrides it."""
        return _as_text(self.data)

    async def aformat(self) -> JsonValue:
        """`format`; overridden where it takes a while."""
        return self.format()

    async def acreate(self, client: WindlassClient | None = None) -> ArtifactResponse:
        """Store it, as the latest of its key if it has one."""
        flow, task = current_scope()
        wanted = ArtifactCreate(
            type=self.type,
            key=self.key,
            description=self.description,
            data=await self.aformat(),
            flow_run_id=flow and flow.flow_run.id,
            task_run_id=task and task.record.id,
        )
        async with AsyncExitStack() as stack:
            client = client or await stack.enter_async_context(get_client())
            made = await client.create_artifact(wanted)
        told = {"key", "type", "description"}
        payload = wanted.model_dump(include=told, exclude_none=True)
        _tell("created", made.id, payload, name=self.key)
        return made

    @classmethod
    async def aget(
        cls, key: str | None = None, client: WindlassClient | None = None
    ) -> ArtifactResponse | None:
        """The latest artifact of a key; without one, the one that was last changed of all."""
        async with AsyncExitStack() as stack:
            client = client or await stack.enter_async_context(get_client())
            if key is None:
                newest = ArtifactQuery(sort=ArtifactSort.UPDATED_DESC, limit=1)
                return next(iter(await client.read_artifacts(newest)), None)
            try:
                return await client.read_latest_artifact(key)
            except ObjectNotFound:
                return None

    @classmethod
    async def aget_or_create(
        cls,
        key: str | None = None,
        description: str | None = None,
        data: JsonValue = None,
        client: WindlassClient | None = None,
        **fields: Any,
    ) -> tuple[ArtifactResponse, bool]:
        """The latest artifact of a key, or a new one; and whether it was created now.

        `fields` are the further ones of this class, such as `type`, or `link` and `link_text`.
        """
        found = await cls.aget(key, client)
        if found is not None:
            return found, False
        if data is not None:
            fields["data"] = data
        return await cls(key=key, description=description, **fields).acreate(client), True

    create = dispatched(acreate)

    @classmethod
    @dispatched
    async def get(
        cls, key: str | None = None, client: WindlassClient | None = None
    ) -> ArtifactResponse | None:
        """`aget`."""
        return await cls.aget(key, client)

    @classmethod
    @dispatched
    async def get_or_create(
        cls,
        key: str | None = None,
        description: str | None = None,
        data: JsonValue = None,
        client: WindlassClient | None = None,
        **fields: Any,
    ) -> tuple[ArtifactResponse, bool]:
        """`aget_or_create`."""
        return await cls.aget_or_create(key, description, data, client, **fields)


class LinkArtifact(Artifact):
    """A link, shown as `link_text` if there is one."""

    link: str
    link_text: str | None = None
    type: str = "markdown"

    def format(self) -> str:
        """The link in Markdown."""
        return f"[{self.link_text or self.link}]({self.link})"


class MarkdownArtifact(Artifact):
    """Text in Markdown."""

    markdown: str
    type: str = "markdown"

    def format(self) -> str:
        """The text."""
        return self.markdown


class TableArtifact(Artifact):
    """A table."""

    table: Table
    type: str = "table"

    def format(self) -> str:
        """The table as JSON text; null for NaN and infinity."""
        return _as_text(self.table)


class ProgressArtifact(Artifact):
    """How far something is, in percent."""

    progress: float
    type: str = "progress"

    def format(self) -> float:
        """The percentage, between 0 and 100."""
        return min(max(self.progress, 0.0), 100.0)


class ImageArtifact(Artifact):
    """An image that everybody can load from its address."""

    image_url: str
    type: str = "image"

    def format(self) -> str:
        """The address."""
        return self.image_url


async def acreate_link_artifact(
    link: str,
    link_text: str | None = None,
    key: str | None = None,
    description: str | None = None,
    client: WindlassClient | None = None,
) -> UUID:
    """Make an artifact of a link; its id. The description may be Markdown."""
    made = LinkArtifact(link=link, link_text=link_text, key=key, description=description)
    return (await made.acreate(client)).id


async def acreate_markdown_artifact(
    markdown: str, key: str | None = None, description: str | None = None
) -> UUID:
    """Make an artifact of text in Markdown, which must not be indented; its id."""
    made = MarkdownArtifact(markdown=markdown, key=key, description=description)
    return (await made.acreate()).id


async def acreate_table_artifact(
    table: Table, key: str | None = None, description: str | None = None
) -> UUID:
    """Make an artifact of a table: columns by name, or rows as dictionaries or lists; its id."""
    made = TableArtifact(table=table, key=key, description=description)
    return (await made.acreate()).id


async def acreate_progress_artifact(
    progress: float, key: str | None = None, description: str | None = None
) -> UUID:
    """Make an artifact of a progress in percent, to be updated; its id."""
    made = ProgressArtifact(progress=progress, key=key, description=description)
    return (await made.acreate()).id


async def aupdate_progress_artifact(
    artifact_id: UUID,
    progress: float,
    description: str | None = None,
    client: WindlassClient | None = None,
) -> UUID:
    """Change the progress of an artifact, and its description if one is given; its id.

    Raises ObjectNotFound.
    """
    data = ProgressArtifact(progress=progress).format()
    said = {"data": data} if description is None else {"data": data, "description": description}
    async with AsyncExitStack() as stack:
        client = client or await stack.enter_async_context(get_client())
        await client.update_artifact(artifact_id, ArtifactUpdate.model_validate(said))
    _tell("updated", artifact_id, said)
    return artifact_id


async def acreate_image_artifact(
    image_url: str, key: str | None = None, description: str | None = None
) -> UUID:
    """Make an artifact of an image that everybody can load from its address; its id."""
    made = ImageArtifact(image_url=image_url, key=key, description=description)
    return (await made.acreate()).id


create_link_artifact = dispatched(acreate_link_artifact)
create_markdown_artifact = dispatched(acreate_markdown_artifact)
create_table_artifact = dispatched(acreate_table_artifact)
create_progress_artifact = dispatched(acreate_progress_artifact)
update_progress_artifact = dispatched(aupdate_progress_artifact)
create_image_artifact = dispatched(acreate_image_artifact)


def _as_text(data: JsonValue) -> str:
    return json.dumps(_finite(data), default=str)


def _finite(data: JsonValue) -> JsonValue:
    """JSON has neither NaN nor infinity."""
    match data:
        case float():
            return data if math.isfinite(data) else None
        case dict():
            return {key: _finite(part) for key, part in cast("JsonObject", data).items()}
        case list():
            return [_finite(part) for part in cast("list[JsonValue]", data)]
        case _:
            return data


def _tell(what: str, id: UUID, payload: JsonObject, *, name: str | None = None) -> None:
    """Emit the event that other programs wait for; the API itself says nothing of artifacts."""
    resource = {"prefect.resource.id": f"prefect.artifact.{id}"}
    if name is not None:
        resource["prefect.resource.name"] = name
    emit_event(event=f"prefect.artifact.{what}", resource=resource, payload=payload)
