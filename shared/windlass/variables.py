"""Public: variables, named values that flows, deployments and people share."""

from pydantic import BaseModel, Field

from windlass.client.orchestration import get_client
from windlass.dispatch import dispatched
from windlass.exceptions import ObjectAlreadyExists, ObjectNotFound
from windlass.schemas.variables import (
    VariableCreate,
    VariableName,
    VariableUpdate,
    VariableValue,
)

__all__ = ["Variable"]


class Variable(BaseModel):
    """A variable as it was set. Its value is anything JSON can say, in at most 5000 characters.

    `get`, `set` and `unset` are awaited in asynchronous code.
    """

    name: VariableName
    value: VariableValue
    tags: list[str] = Field(default_factory=list)

    @classmethod
    async def aget(cls, name: str, default: VariableValue = None) -> VariableValue:
        """The value of the variable of this name; `default` if there is none."""
        async with get_client() as client:
            found = await client.read_variable_by_name(name)
        return default if found is None else found.value

    @classmethod
    async def aset(
        cls,
        name: str,
        value: VariableValue,
        tags: list[str] | None = None,
        overwrite: bool = False,
    ) -> "Variable":
        """Make a variable or, with `overwrite`, give it this value and these tags (none).

        Raises ValueError when there is one of this name and `overwrite` is not said, and for a
        name or a value that cannot be.
        """
        wanted = VariableCreate(name=name, value=value, tags=tags or [])
        async with get_client() as client:
            while True:
                try:
                    await client.create_variable(wanted)
                    break
                except ObjectAlreadyExists as taken:
                    if not overwrite:
                        raise ValueError(
                            f"Variable {name!r} already exists. Use `overwrite=True` to update it."
                        ) from taken
                change = VariableUpdate(value=value, tags=wanted.tags)
                try:
                    await client.update_variable_by_name(name, change)
                    break
                except ObjectNotFound:
                    continue  # somebody deleted it just now
        return cls(name=name, value=value, tags=wanted.tags)

    @classmethod
    async def aunset(cls, name: str) -> bool:
        """Delete the variable of this name; False if there is none."""
        async with get_client() as client:
            try:
                await client.delete_variable_by_name(name)
            except ObjectNotFound:
                return False
        return True

    @classmethod
    @dispatched
    async def get(cls, name: str, default: VariableValue = None) -> VariableValue:
        """`aget`."""
        return await cls.aget(name, default)

    @classmethod
    @dispatched
    async def set(
        cls,
        name: str,
        value: VariableValue,
        tags: list[str] | None = None,
        overwrite: bool = False,
    ) -> "Variable":
        """`aset`."""
        return await cls.aset(name, value, tags, overwrite)

    @classmethod
    @dispatched
    async def unset(cls, name: str) -> bool:
        """`aunset`."""
        return await cls.aunset(name)
