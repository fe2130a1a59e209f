"""Artifacts, and the latest one of each key."""

from urllib.parse import quote
from uuid import UUID

from windlass.client._sync.resource import SyncResource
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


class SyncArtifacts(SyncResource):
    """The methods for artifacts."""

    def create_artifact(self, artifact: ArtifactCreate) -> Artifact:
        """Make an artifact. One with a key becomes the latest of its key."""
        return self._read(Artifact, "POST", "/artifacts/", body=artifact)

    def read_artifact(self, artifact_id: UUID) -> Artifact:
        """Raises `ObjectNotFound`."""
        return self._read(Artifact, "GET", f"/artifacts/{artifact_id}")

    def read_latest_artifact(self, key: str) -> Artifact:
        """The newest artifact of a key. Raises `ObjectNotFound`."""
        path = f"/artifacts/{quote(key, safe='')}/latest"
        return self._read(Artifact, "GET", path)

    def read_artifacts(self, query: ArtifactQuery | None = None) -> list[Artifact]:
        """Artifacts that match, the newest first unless another order is asked for."""
        body = query or ArtifactQuery()
        return self._read_list(Artifact, "POST", "/artifacts/filter", body=body)

    def read_latest_artifacts(
        self, query: ArtifactCollectionQuery | None = None
    ) -> list[ArtifactCollection]:
        """The latest artifacts of those keys where they match."""
        body = query or ArtifactCollectionQuery()
        path = "/artifacts/latest/filter"
        return self._read_list(ArtifactCollection, "POST", path, body=body)

    def count_artifacts(self, query: ArtifactCountQuery | None = None) -> int:
        """How many artifacts match."""
        body = query or ArtifactCountQuery()
        return int((self._request("POST", "/artifacts/count", body=body)).json())

    def count_latest_artifacts(self, query: ArtifactCollectionCountQuery | None = None) -> int:
        """Of how many keys the latest artifact matches."""
        body = query or ArtifactCollectionCountQuery()
        return int((self._request("POST", "/artifacts/latest/count", body=body)).json())

    def update_artifact(self, artifact_id: UUID, update: ArtifactUpdate) -> None:
        """Change what is set in `update`. Raises `ObjectNotFound`."""
        self._request("PATCH", f"/artifacts/{artifact_id}", body=update)

    def delete_artifact(self, artifact_id: UUID) -> None:
        """Raises `ObjectNotFound`."""
        self._request("DELETE", f"/artifacts/{artifact_id}")
