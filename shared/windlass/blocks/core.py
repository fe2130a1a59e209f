"""Public: `Block`, the base of classes whose values are stored with the server."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, Self, TypeGuard, cast
from uuid import UUID

from pydantic import (
    ConfigDict,
    ModelWrapValidatorHandler,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)
from pydantic.json_schema import GenerateJsonSchema

from windlass.blocks import documents
from windlass.blocks.annotations import (
    blocks_in,
    secret_fields,
)
from windlass.blocks.catalogue import BLOCKS
from windlass.blocks.described import DescribedType
from windlass.blocks.errors import (
    BlockInvalid,
    BlockNotSavedError,
    InvalidBlockRegistration,
    UnknownBlockType,
)
from windlass.blocks.revealing import revealed_fields
from windlass.client.orchestration import WindlassClient
from windlass.dispatch import dispatched
from windlass.schemas.base import JsonObject
from windlass.schemas.block_fields import block_schema_checksum, without_key
from windlass.schemas.blocks import BlockDocument, BlockSchema
from windlass.utilities.importtools import import_object

__all__ = [
    "Block",
    "BlockNotSavedError",
    "InvalidBlockRegistration",
    "UnknownBlockType",
    "block_schema_to_key",
    "schema_extra",
]


def schema_extra(schema: JsonObject, model: "type[Block]") -> None:
    """Say in the JSON schema of a block class what is more than its fields."""
    schema.pop("description", None)
    if description := model.get_description():
        schema["description"] = description
    schema["block_type_slug"] = model.get_block_type_slug()
    schema["secret_fields"] = secret_fields(model)
    references: JsonObject = {}
    for name, field in model.model_fields.items():
        named = [
            {
                "block_type_slug": block.get_block_type_slug(),
                "block_schema_checksum": _checksum_of(block),
            }
            for block in blocks_in(field.annotation, Block)
        ]
        if named:
            references[field.alias or name] = named if len(named) > 1 else named[0]
    schema["block_schema_references"] = references


def block_schema_to_key(schema: BlockSchema) -> str:
    """What the class of a schema is found by: the slug of its block type."""
    return str(schema.fields.get("block_type_slug"))


class Block(DescribedType):
    """Values that are stored with the server, and what can be done with them.

    A class made from it has fields and methods as it likes; `_block_document_name`,
    `_block_document_id`, `_block_type_id` and `_block_schema_id` are taken. The class attributes
    below say how the type is shown; without them its name and docstring do.
    """

    model_config = ConfigDict(extra="allow", json_schema_extra=cast(Any, schema_extra))

    _block_type_id: UUID | None = None
    _block_schema_id: UUID | None = None
    _block_document_id: UUID | None = None
    _block_document_name: str | None = None
    _is_anonymous: bool | None = None

    def __new__(cls, **values: Any) -> Self:
        slug = values.get("block_type_slug")
        other = None if slug in (None, cls.get_block_type_slug()) else _class_of(cls, slug)
        return super().__new__(cast("type[Self]", other or cls))

    def block_initialization(self) -> None:
        """Called when an instance was made: what `__init__` is for elsewhere."""

    def model_post_init(self, context: Any, /) -> None:
        self.block_initialization()

    async def asave(
        self,
        name: str | None = None,
        overwrite: bool = False,
        client: WindlassClient | None = None,
    ) -> UUID:
        """Store the values under a name, by default the one they were loaded from.

        Nested blocks that are saved are referred to; the others are a part of this one. Raises
        ValueError without a name, and for one that is taken unless `overwrite`.
        """
        wanted = name or self._block_document_name
        if not wanted:
            raise ValueError("A block is saved under a name: `save('name')`.")
        async with documents.using(client) as api:
            schema = await type(self)._registered(api)
            slug, data = self.get_block_type_slug(), self._stored_values()
            stored = await documents.put_document(
                api, slug, schema, wanted, data, overwrite=overwrite
            )
        self._keep(stored.id, wanted, is_anonymous=False)
        self._block_schema_id, self._block_type_id = schema.id, schema.block_type_id
        return stored.id

    @dispatched
    async def save(
        self,
        name: str | None = None,
        overwrite: bool = False,
        client: WindlassClient | None = None,
    ) -> UUID:
        """As `asave`, also in synchronous code."""
        return await self.asave(name, overwrite, client)

    @classmethod
    async def aload(
        cls, name: str, validate: bool = True, client: WindlassClient | None = None
    ) -> Self:
        """The block stored under `name`; of `Block` itself, under `<type slug>/<name>`.

        Without `validate`, fields that the document does not have are None, with a warning. Raises
        ValueError when there is no such document, RuntimeError when its values do not fit.
        """
        slug = cls.get_block_type_slug()
        if cls is Block:
            slug, _, name = name.partition("/")
        async with documents.using(client) as api:
            document = await documents.find_document(api, slug, name)
        return cls._from_document(document, validate=validate)

    @classmethod
    @dispatched
    async def load(
        cls, name: str, validate: bool = True, client: WindlassClient | None = None
    ) -> Self:
        """As `aload`, also in synchronous code."""
        return await cls.aload(name, validate, client)

    @classmethod
    async def aload_from_ref(
        cls,
        ref: str | UUID | dict[str, Any],
        validate: bool = True,
        client: WindlassClient | None = None,
    ) -> Self:
        """The block of an id, `{"block_document_id": ...}` or `{"block_document_slug": ...}`."""
        async with documents.using(client) as api:
            document = await documents.find_referenced(api, ref)
        return cls._from_document(document, validate=validate)

    @classmethod
    @dispatched
    async def load_from_ref(
        cls,
        ref: str | UUID | dict[str, Any],
        validate: bool = True,
        client: WindlassClient | None = None,
    ) -> Self:
        """As `aload_from_ref`, also in synchronous code."""
        return await cls.aload_from_ref(ref, validate, client)

    @classmethod
    async def adelete(cls, name: str, client: WindlassClient | None = None) -> None:
        """Delete the document of this type under `name`. Raises ValueError if there is none."""
        async with documents.using(client) as api:
            found = await documents.find_document(api, cls.get_block_type_slug(), name)
            await api.delete_block_document(found.id)

    @classmethod
    @dispatched
    async def delete(cls, name: str, client: WindlassClient | None = None) -> None:
        """As `adelete`, also in synchronous code."""
        await cls.adelete(name, client)

    @classmethod
    async def aregister_type_and_schema(cls, client: WindlassClient | None = None) -> None:
        """Make the type of this class, and those of the blocks in it, known to the server.

        Raises InvalidBlockRegistration for `Block` itself.
        """
        async with documents.using(client) as api:
            await cls._registered(api)

    @classmethod
    @dispatched
    async def register_type_and_schema(cls, client: WindlassClient | None = None) -> None:
        """As `aregister_type_and_schema`, also in synchronous code."""
        await cls.aregister_type_and_schema(client)

    def get_block_placeholder(self) -> str:
        """`prefect.blocks.<type slug>.<name>`, for templates. Raises BlockNotSavedError."""
        if not self._block_document_name:
            raise BlockNotSavedError("Only a block that is saved has a placeholder.")
        return f"prefect.blocks.{self.get_block_type_slug()}.{self._block_document_name}"

    @classmethod
    def get_block_class_from_key(cls, key: str) -> "type[Block]":
        """The class of a type by its slug. Raises UnknownBlockType."""
        if found := _class_of(Block, key):
            return found
        raise UnknownBlockType(
            f"There is no block class for the type {key!r} here: import the module that has it."
        )

    @classmethod
    def get_block_class_from_schema(cls, schema: BlockSchema) -> "type[Block]":
        """The class of a stored schema. Raises UnknownBlockType."""
        return cls.get_block_class_from_key(block_schema_to_key(schema))

    @staticmethod
    def is_block_class(block: Any) -> "TypeGuard[type[Block]]":
        """Whether something is a class made from `Block`, or `Block`."""
        return isinstance(block, type) and issubclass(block, Block)

    @staticmethod
    def annotation_refers_to_block_class(annotation: Any) -> bool:
        """Whether values of a type are, or may be, blocks."""
        return bool(blocks_in(annotation, Block))

    @classmethod
    def model_json_schema(
        cls,
        by_alias: bool | None = True,
        ref_template: str = "#/definitions/{model}",
        schema_generator: type[GenerateJsonSchema] = GenerateJsonSchema,
        mode: Literal["validation", "serialization"] = "validation",
        **options: Any,
    ) -> dict[str, Any]:
        """The schema as the API keeps it: definitions are under `definitions`."""
        schema = super().model_json_schema(
            by_alias, ref_template, schema_generator, mode, **options
        )
        if definitions := schema.pop("$defs", None):
            schema["definitions"] = definitions
        return without_key(schema, "additionalProperties")

    @model_validator(mode="wrap")
    @classmethod
    def _of_its_type(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(value, dict) or "block_type_slug" not in value:
            return handler(value)
        values = dict(cast(JsonObject, value))
        slug = values.pop("block_type_slug")
        if slug in (None, cls.get_block_type_slug()):
            return handler(values)
        if kind := _class_of(cls, slug):
            return cast(Self, kind.model_validate(values))
        raise ValueError(
            f"Invalid block_type_slug: expected {cls.get_block_type_slug()!r}, got {slug!r}"
        )

    @model_serializer(mode="wrap")
    def _with_its_type(
        self, handler: SerializerFunctionWrapHandler, info: SerializationInfo
    ) -> JsonObject:
        dumped: JsonObject = handler(self)
        context: JsonObject = info.context or {}
        if context.get("include_secrets") and info.mode == "json":
            dumped = revealed_fields(dumped, self)
        return dumped | {"block_type_slug": self.get_block_type_slug()}

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        # What else was set on an instance, a client for instance, may be large or secret.
        return (one for one in super().__repr_args__() if one[0] in type(self).model_fields)

    def _stored_values(self) -> JsonObject:
        options: dict[str, Any] = {"mode": "json", "by_alias": True}
        values = self.model_dump(
            **options, include=set(type(self).model_fields), context={"include_secrets": True}
        )
        values.pop("block_type_slug", None)
        for name, field in type(self).model_fields.items():
            nested = getattr(self, name)
            if isinstance(nested, Block) and nested._block_document_id:
                reference = {"block_document_id": str(nested._block_document_id)}
                values[field.alias or name] = {"$ref": reference}
        return values

    def _keep(self, id: UUID, name: str | None, *, is_anonymous: bool) -> None:
        self._block_document_id = id
        self._block_document_name = name
        self._is_anonymous = is_anonymous

    @classmethod
    async def _registered(cls, client: WindlassClient) -> BlockSchema:
        if cls is Block:
            raise InvalidBlockRegistration
        for field in cls.model_fields.values():
            for block in blocks_in(field.annotation, Block):
                if block is not Block:
                    await block._registered(client)
        return await documents.register(client, cls.declared())

    @classmethod
    def _from_document(cls, document: BlockDocument, *, validate: bool) -> Self:
        kind = cls
        if cls is Block and document.block_type is not None:
            kind = cast("type[Self]", cls.get_block_class_from_key(document.block_type.slug))
        try:
            block = kind.model_validate(document.data)
        except ValidationError as error:
            if validate:
                # pydantic shows the values that it refused, secrets among them.
                faults = error.errors(include_url=False, include_input=False, include_context=False)
                reasons = "; ".join(f"{_path(one['loc'])}: {one['msg']}" for one in faults)
                raise BlockInvalid(
                    f"The document {document.name!r} does not fit {kind.__name__} ({reasons}). Load"
                    " it with `validate=False` to give the missing values and save it again."
                ) from None
            block = kind._as_far_as_it_fits(document)
        block._keep_references(document.block_document_references)
        block._keep(document.id, document.name, is_anonymous=document.is_anonymous)
        block._block_schema_id = document.block_schema_id
        block._block_type_id = document.block_type_id
        return block

    @classmethod
    def _as_far_as_it_fits(cls, document: BlockDocument) -> Self:
        block = cls.model_construct(**dict.fromkeys(cls.model_fields))
        missing: list[str] = []
        for name, field in cls.model_fields.items():
            value = document.data.get(
                field.alias or name, field.get_default(call_default_factory=True)
            )
            try:
                cls.__pydantic_validator__.validate_assignment(block, name, value)
            except ValidationError:
                missing.append(name)
        names = ", ".join(missing)
        warnings.warn(
            f"The document {document.name!r} was saved without what {cls.__name__} needs: {names}."
            f' Set it, then save the block with `save("{document.name}", overwrite=True)`.',
            stacklevel=2,
        )
        block.block_initialization()
        return block

    def _keep_references(self, references: Mapping[str, JsonObject]) -> None:
        named = {field.alias or name: name for name, field in type(self).model_fields.items()}
        for key, reference in references.items():
            nested = getattr(self, named.get(key, key), None)
            document: JsonObject = reference.get("block_document") or {}
            if isinstance(nested, Block) and document:
                is_anonymous = bool(document.get("is_anonymous"))
                nested._keep(UUID(document["id"]), document["name"], is_anonymous=is_anonymous)
                nested._keep_references(document.get("block_document_references") or {})


def _path(location: Sequence[str | int]) -> str:
    return ".".join(map(str, location))


def _checksum_of(block: type[Block]) -> str:
    return block_schema_checksum(block.model_json_schema())


def _class_of(base: type[Block], slug: str) -> type[Block] | None:
    """The class of a type among those made from `base`; of two, the one that was made last."""
    # What a generic block was given as its type is a class as well, but no type of its own.
    made = [one for one in base.__subclasses__() if one.origin() is one]
    for one in reversed(made):
        if found := one if one.get_block_type_slug() == slug else _class_of(one, slug):
            return found
    if base is Block and slug in BLOCKS:
        own: type[Block] = import_object(BLOCKS[slug])
        return own
    return None
