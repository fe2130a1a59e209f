"""How actions name the object that they act on."""

from enum import StrEnum
from typing import Literal, TypeAlias
from uuid import UUID

Source: TypeAlias = Literal["selected", "inferred"]
"""``selected``: the one with the id; ``inferred``: the one that the event is about."""


class Target(StrEnum):
    """The objects that have a `source` and an id."""

    DEPLOYMENT = "deployment_id"
    WORK_POOL = "work_pool_id"
    WORK_QUEUE = "work_queue_id"
    AUTOMATION = "automation_id"


def check_target(source: Source, target: Target, id: UUID | None) -> None:
    """Raises ValueError unless a selected target has an id, and an inferred one has none."""
    if source == "selected" and id is None:
        raise ValueError(f"`{target}` is required, as the source is `selected`")
    if source == "inferred" and id is not None:
        raise ValueError(f"`{target}` is not allowed, as the source is `inferred`")
