"""What the data of a state says about the result of a run."""

from typing import cast

from windlass.schemas.base import JsonObject, JsonValue
from windlass.schemas.states import State


def has_persisted_result(state: State) -> bool:
    """Whether the run completed and its result can be read again: a rerun is for nothing."""
    data: JsonValue = state.data
    if not state.is_completed() or data is None:
        return False
    return not isinstance(data, dict) or cast(JsonObject, data).get("type") != "unpersisted"
