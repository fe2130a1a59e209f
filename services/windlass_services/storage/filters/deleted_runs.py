"""Rows of flow runs that are deleted: gone for whoever asks, though the scheduler has yet to clear
them."""

from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from windlass_services.storage.filters.criteria import Clause
from windlass_services.storage.tables import deletion


class RunDeletion(StrEnum):
    """How far the scheduler is with what was of a deleted flow run."""

    HISTORY = "flow_run"
    """Its history goes, a part at a time."""
    LATE = "flow_run_late"
    """Its history went. What was written at that time, or came later, goes after a while."""


def not_of_deleted(flow_run_id: sa.ColumnElement[Any]) -> Clause:
    """Rows of no flow run, or of one that nobody has deleted lately."""
    # By its index for each row, not a list of all: a hundred thousand may be deleted at once.
    return (
        ~DELETED_RUNS.where(deletion.c.object_id == flow_run_id).correlate_except(deletion).exists()
    )


DELETED_RUNS: Final[sa.Select[tuple[UUID]]] = sa.select(deletion.c.object_id).where(
    deletion.c.kind.in_([kind.value for kind in RunDeletion])
)
"""The ids of flow runs of which rows may be left."""
