"""Which block types, schemas and documents a caller asks for."""

from windlass.schemas.base import Shape
from windlass.schemas.filters.criteria import (
    AnyId,
    AnyOrLikeText,
    AnyText,
    Operated,
    Pattern,
    Window,
)
from windlass.schemas.filters.sorting import BlockDocumentSort


class BlockTypeFilterName(Shape):
    """By name: one that contains `like_`, in capitals or not."""

    like_: Pattern | None = None


class BlockTypeFilterSlug(AnyText):
    """By slug."""


class BlockTypeFilter(Shape):
    """Block types for which these criteria hold."""

    name: BlockTypeFilterName | None = None
    slug: BlockTypeFilterSlug | None = None


class BlockSchemaFilterBlockTypeId(AnyId):
    """By the block type."""


class BlockSchemaFilterCapabilities(Shape):
    """By what a block can do: all of these."""

    all_: list[str] | None = None


class BlockSchemaFilterId(AnyId):
    """By id."""


class BlockSchemaFilterVersion(AnyText):
    """By version."""


class BlockSchemaFilter(Operated):
    """Block schemas for which these criteria hold."""

    block_type_id: BlockSchemaFilterBlockTypeId | None = None
    block_capabilities: BlockSchemaFilterCapabilities | None = None
    id: BlockSchemaFilterId | None = None
    version: BlockSchemaFilterVersion | None = None


class BlockDocumentFilterIsAnonymous(Shape):
    """By whether it was made without a name."""

    eq_: bool | None = None


class BlockDocumentFilterBlockTypeId(AnyId):
    """By the block type."""


class BlockDocumentFilterId(AnyId):
    """By id."""


class BlockDocumentFilterName(AnyOrLikeText):
    """By name."""


class BlockDocumentFilter(Operated):
    """Block documents for which these criteria hold: named ones, unless null is said of that."""

    id: BlockDocumentFilterId | None = None
    is_anonymous: BlockDocumentFilterIsAnonymous | None = BlockDocumentFilterIsAnonymous(eq_=False)
    block_type_id: BlockDocumentFilterBlockTypeId | None = None
    name: BlockDocumentFilterName | None = None


class BlockTypeQuery(Window):
    """The body of the route that lists block types."""

    block_types: BlockTypeFilter | None = None
    block_schemas: BlockSchemaFilter | None = None


class BlockSchemaQuery(Window):
    """The body of the route that lists block schemas."""

    block_schemas: BlockSchemaFilter | None = None


class BlockDocumentCountQuery(Shape):
    """The body of the route that counts block documents."""

    block_documents: BlockDocumentFilter | None = None
    block_types: BlockTypeFilter | None = None
    block_schemas: BlockSchemaFilter | None = None


class BlockDocumentQuery(BlockDocumentCountQuery, Window):
    """The body of the route that lists block documents."""

    include_secrets: bool = False
    sort: BlockDocumentSort | None = BlockDocumentSort.NAME_ASC
