"""What a block class says of its type, by its attributes, name and docstring."""

from typing import Any, ClassVar

from pydantic import BaseModel

from windlass._version import __version__
from windlass.blocks.descriptions import description_in, example_in, slug_of
from windlass.blocks.documents import Declared
from windlass.schemas.blocks import DEFAULT_BLOCK_SCHEMA_VERSION, BlockTypeCreate


class DescribedType(BaseModel):
    """The part of `Block` that describes the type."""

    _block_type_name: ClassVar[str | None] = None
    _block_type_slug: ClassVar[str | None] = None
    _logo_url: ClassVar[Any] = None
    _documentation_url: ClassVar[Any] = None
    _description: ClassVar[str | None] = None
    _code_example: ClassVar[str | None] = None
    _block_schema_capabilities: ClassVar[list[str] | None] = None
    _block_schema_version: ClassVar[str | None] = None

    @classmethod
    def get_block_type_name(cls) -> str:
        """How people see the type; by default the name of the class."""
        return cls._block_type_name or cls.origin().__name__

    @classmethod
    def get_block_type_slug(cls) -> str:
        """What the type is addressed by, from its name unless it is given."""
        return cls._block_type_slug or slug_of(cls.get_block_type_name())

    @classmethod
    def get_description(cls) -> str | None:
        """What the class says of itself, or else its docstring up to the first section."""
        return cls._description or description_in(cls.origin().__doc__)

    @classmethod
    def get_code_example(cls) -> str | None:
        """What the class says, or its docstring under `Example:`, or else how to load it."""
        if example := cls._code_example or example_in(cls.origin().__doc__):
            return example
        origin = cls.origin()
        variable = cls.get_block_type_slug().replace("-", "_")
        return (
            f"```python\nfrom {origin.__module__} import {origin.__name__}\n\n"
            f'{variable}_block = {origin.__name__}.load("BLOCK_NAME")\n```'
        )

    @classmethod
    def get_block_capabilities(cls) -> frozenset[str]:
        """What blocks of this class can do: what it and every class above it say."""
        said = (vars(base).get("_block_schema_capabilities") for base in cls.__mro__)
        return frozenset(one for ones in said for one in ones or ())

    @classmethod
    def get_block_schema_version(cls) -> str:
        """What the class says; of Windlass' own blocks, its version."""
        is_ours = cls.__module__.startswith("windlass.")
        return cls._block_schema_version or (
            __version__ if is_ours else DEFAULT_BLOCK_SCHEMA_VERSION
        )

    @classmethod
    def origin(cls) -> type[BaseModel]:
        """The class itself; of a generic one that was given a type (`Secret[int]`), without it."""
        generic = cls.__pydantic_generic_metadata__["origin"]
        return cls if generic is None else generic

    @classmethod
    def declared(cls) -> Declared:
        """The type and its schema, as the API has to know them."""
        return Declared(
            type=BlockTypeCreate(
                name=cls.get_block_type_name(),
                slug=cls.get_block_type_slug(),
                logo_url=_text(cls._logo_url),
                documentation_url=_text(cls._documentation_url),
                description=cls.get_description(),
                code_example=cls.get_code_example(),
            ),
            fields=cls.model_json_schema(),
            capabilities=sorted(cls.get_block_capabilities()),
            version=cls.get_block_schema_version(),
        )


def _text(url: Any) -> str | None:
    return None if url is None else str(url)
