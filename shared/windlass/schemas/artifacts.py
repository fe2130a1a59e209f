"""Artifacts: what runs made for people to look at, and the latest one of each key."""

import re
from typing import Annotated, Any, Final, TypeAlias
from uuid import UUID

from pydantic import AfterValidator

from windlass.schemas.base import Shape, Stored

MOST_METADATA_CHARACTERS: Final = 500
"""Characters of a value in an artifact's metadata; what is over is cut off."""

_KEY: Final = re.compile(r"[a-z0-9-]*")


def _check_key(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise ValueError("Artifact key must only contain lowercase letters, numbers, and dashes.")
    return key


def _shortened(metadata: dict[str, str]) -> dict[str, str]:
    most = MOST_METADATA_CHARACTERS
    return {
        name: text if len(text) <= most else f"{text[:most]}..." for name, text in metadata.items()
    }


ArtifactKey: TypeAlias = Annotated[str, AfterValidator(_check_key)]
ArtifactData: TypeAlias = dict[str, Any] | Any | None
"""What JSON can say; by the artifact's type, text, a number, or rows as text."""
_Metadata: TypeAlias = Annotated[dict[str, str], AfterValidator(_shortened)]


class ArtifactCreate(Shape):
    """An artifact to create. One with a key becomes the latest of this key."""

    key: ArtifactKey | None = None
    type: str | None = None
    description: str | None = None
    data: ArtifactData = None
    metadata_: _Metadata | None = None
    flow_run_id: UUID | None = None
    task_run_id: UUID | None = None


class ArtifactUpdate(Shape):
    """What to change of an artifact: only the fields that are set (`model_fields_set`)."""

    data: ArtifactData = None
    description: str | None = None
    metadata_: _Metadata | None = None


class Artifact(Stored):
    """An artifact."""

    key: str | None = None
    type: str | None = None
    description: str | None = None
    data: ArtifactData = None
    metadata_: dict[str, str] | None = None
    flow_run_id: UUID | None = None
    task_run_id: UUID | None = None


class ArtifactCollection(Stored):
    """The latest artifact of a key. `id` stays the same from one to the next."""

    key: str
    latest_id: UUID
    type: str | None = None
    description: str | None = None
    data: ArtifactData = None
    metadata_: dict[str, str] | None = None
    flow_run_id: UUID | None = None
    task_run_id: UUID | None = None
