"""Flows: what flow runs are runs of."""

from uuid import UUID

from pydantic import Field

from windlass.schemas.base import Shape, Stored
from windlass.schemas.fields import Labels, ObjectName, Page


class FlowCreate(Shape):
    """A flow to create, or to find by its name."""

    name: ObjectName
    tags: list[str] = Field(default_factory=list)
    labels: Labels | None = Field(default_factory=Labels)


class FlowUpdate(Shape):
    """What to change of a flow: only the fields that are set (`model_fields_set`)."""

    tags: list[str] = Field(default_factory=list)


class Flow(Stored):
    """A flow."""

    name: ObjectName
    tags: list[str] = Field(default_factory=list)
    labels: Labels | None = Field(default_factory=Labels)


class FlowPaginationResponse(Page):
    """One page of flows."""

    results: list[Flow]


class FlowBulkDeleteResponse(Shape):
    """The flows that were deleted."""

    deleted: list[UUID] = Field(default_factory=list[UUID])
