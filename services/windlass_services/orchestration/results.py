"""What the data of a state says about the result of a run."""

from typing import cast

from windlass.schemas.base import JsonObject
from windlass.schemas.states import State


def has_persisted_result(state: State) -> bool:
    """Whether the run completed and its result can be read again, so that a rerun is for nothing."""
    if not state.is_completed() or state.data is None:
        return False
    if isinstance(state.data, dict):
        return cast(JsonObject, state.data).get("type") != "unpersisted"
    return True
