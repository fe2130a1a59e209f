"""Whose data a storage call may touch, and on whose behalf."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

DEFAULT_WORKSPACE_ID: Final = UUID("00000000-0000-7000-8000-000000000001")
"""The one workspace there is for now. Every root table, unique key and index carries it already."""


@dataclass(frozen=True, slots=True)
class Scope:
    """A workspace and who acts in it."""

    workspace_id: UUID = DEFAULT_WORKSPACE_ID
    actor: str = "anonymous"
    """`anonymous`, `user:<name>`, `execution:<id>` or `service:<name>`."""
