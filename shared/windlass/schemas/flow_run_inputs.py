"""Inputs: values that are sent to a flow run while it runs, and that it waits for by key."""

from typing import Annotated, TypeAlias
from uuid import UUID

from pydantic import Field, StringConstraints

from windlass.schemas.base import Shape, Stored
from windlass.schemas.filters.criteria import Pattern

InputKey: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+$")]
"""What is safe as one segment of a path."""


def keyset_from_base_key(base_key: str) -> dict[str, str]:
    """The keys that belong together: of a response, of its schema, and of what describes it."""
    return {part: f"{base_key}-{part}" for part in ("description", "response", "schema")}


class FlowRunInputCreate(Shape):
    """A value to send to a flow run. `sender` is ``prefect.flow-run.<id>`` of the run that does."""

    key: InputKey
    value: str
    sender: str | None = None


class FlowRunInput(Stored):
    """A value that was sent to a flow run."""

    flow_run_id: UUID
    key: str
    value: str
    sender: str | None = None


class FlowRunInputQuery(Shape):
    """Which values a flow run asks for: by how the key begins, save for some keys, oldest first."""

    prefix: Pattern
    limit: int = 1
    exclude_keys: list[str] = Field(default_factory=list)
