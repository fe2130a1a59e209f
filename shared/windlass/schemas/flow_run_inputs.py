"""Inputs: values that are sent to a flow run while it runs, and that it waits for by key."""

from uuid import UUID

from pydantic import Field

from windlass.schemas.base import Shape, Stored


class FlowRunInputCreate(Shape):
    """A value to send to a flow run. `sender` is ``prefect.flow-run.<id>`` of the run that does."""

    key: str
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

    prefix: str
    limit: int = 1
    exclude_keys: list[str] = Field(default_factory=list)
