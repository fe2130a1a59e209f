"""Block types, their schemas, and block documents."""

from uuid import UUID

from windlass.client._sync.resource import SyncResource
from windlass.schemas.blocks import (
    BlockDocument,
    BlockDocumentCreate,
    BlockDocumentUpdate,
    BlockSchema,
    BlockSchemaCreate,
    BlockType,
    BlockTypeCreate,
    BlockTypeUpdate,
)
from windlass.schemas.filters.blocks import (
    BlockDocumentCountQuery,
    BlockDocumentQuery,
    BlockSchemaFilter,
    BlockSchemaFilterBlockTypeId,
    BlockSchemaQuery,
    BlockTypeQuery,
)


class SyncBlocks(SyncResource):
    """The methods for blocks."""

    def create_block_type(self, block_type: BlockTypeCreate) -> BlockType:
        """Raises `ObjectAlreadyExists` for a slug that is taken."""
        return self._read(BlockType, "POST", "/block_types/", body=block_type)

    def read_block_type_by_slug(self, slug: str) -> BlockType:
        """Raises `ObjectNotFound`."""
        return self._read(BlockType, "GET", f"/block_types/slug/{slug}")

    def read_block_types(self, query: BlockTypeQuery | None = None) -> list[BlockType]:
        """Block types that match, by name."""
        body = query or BlockTypeQuery()
        return self._read_list(BlockType, "POST", "/block_types/filter", body=body)

    def update_block_type(self, block_type_id: UUID, update: BlockTypeUpdate) -> None:
        """Change what is set in `update`. Raises `ObjectNotFound`."""
        self._request("PATCH", f"/block_types/{block_type_id}", body=update)

    def delete_block_type(self, block_type_id: UUID) -> None:
        """Delete a type with its documents. Raises `ObjectNotFound`, `Forbidden` if protected."""
        self._request("DELETE", f"/block_types/{block_type_id}")

    def create_block_schema(self, block_schema: BlockSchemaCreate) -> BlockSchema:
        """The schema of this checksum and version, made if there is none."""
        return self._read(BlockSchema, "POST", "/block_schemas/", body=block_schema)

    def read_block_schema_by_checksum(
        self, checksum: str, version: str | None = None
    ) -> BlockSchema:
        """The newest of this checksum, or that of one version. Raises `ObjectNotFound`."""
        params = {} if version is None else {"version": version}
        path = f"/block_schemas/checksum/{checksum}"
        return self._read(BlockSchema, "GET", path, params=params)

    def read_block_schemas(self, query: BlockSchemaQuery | None = None) -> list[BlockSchema]:
        """Schemas that match, the newest first."""
        body = query or BlockSchemaQuery()
        return self._read_list(BlockSchema, "POST", "/block_schemas/filter", body=body)

    def get_most_recent_block_schema_for_block_type(
        self, block_type_id: UUID
    ) -> BlockSchema | None:
        """The newest schema of a block type; None when it has none."""
        of = BlockSchemaFilter(block_type_id=BlockSchemaFilterBlockTypeId(any_=[block_type_id]))
        found = self.read_block_schemas(BlockSchemaQuery(block_schemas=of, limit=1))
        return found[0] if found else None

    def create_block_document(
        self, block_document: BlockDocumentCreate, include_secrets: bool = True
    ) -> BlockDocument:
        """Store a document, and read it back. Raises `ObjectAlreadyExists` for a taken name."""
        path = "/block_documents/"
        made = self._read(BlockDocument, "POST", path, body=block_document)
        return self.read_block_document(made.id) if include_secrets else made

    def read_block_document(
        self, block_document_id: UUID, include_secrets: bool = True
    ) -> BlockDocument:
        """Raises `ObjectNotFound`."""
        params = {"include_secrets": include_secrets}
        path = f"/block_documents/{block_document_id}"
        return self._read(BlockDocument, "GET", path, params=params)

    def read_block_document_by_name(
        self, name: str, block_type_slug: str, include_secrets: bool = True
    ) -> BlockDocument:
        """Raises `ObjectNotFound`."""
        params = {"include_secrets": include_secrets}
        path = f"/block_types/slug/{block_type_slug}/block_documents/name/{name}"
        return self._read(BlockDocument, "GET", path, params=params)

    def read_block_documents(self, query: BlockDocumentQuery | None = None) -> list[BlockDocument]:
        """Documents that match, by name; what is secret only when the query asks for it."""
        body = query or BlockDocumentQuery()
        return self._read_list(BlockDocument, "POST", "/block_documents/filter", body=body)

    def read_block_documents_by_type(
        self, block_type_slug: str, include_secrets: bool = True
    ) -> list[BlockDocument]:
        """The documents of a type, by name. Raises `ObjectNotFound`."""
        params = {"include_secrets": include_secrets}
        path = f"/block_types/slug/{block_type_slug}/block_documents"
        return self._read_list(BlockDocument, "GET", path, params=params)

    def count_block_documents(self, query: BlockDocumentCountQuery | None = None) -> int:
        """How many documents match."""
        body = query or BlockDocumentCountQuery()
        return int((self._request("POST", "/block_documents/count", body=body)).json())

    def update_block_document(
        self, block_document_id: UUID, block_document: BlockDocumentUpdate
    ) -> None:
        """Change values. Raises `ObjectNotFound`."""
        self._request("PATCH", f"/block_documents/{block_document_id}", body=block_document)

    def delete_block_document(self, block_document_id: UUID) -> None:
        """Raises `ObjectNotFound`."""
        self._request("DELETE", f"/block_documents/{block_document_id}")
