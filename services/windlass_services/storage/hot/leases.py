"""What an execution that renews its lease is told."""

from collections.abc import Mapping
from typing import Any

from windlass.schemas.executions import Intent
from windlass.schemas.states import TERMINAL_STATES, StateType


def intent_of(
    state_type: str | None, state_details: Mapping[str, Any] | None, *, is_live: bool
) -> Intent:
    """What is wanted of the newest execution of a run in this state.

    A run that is paused in its process goes on waiting there. One that is suspended gives up its
    execution, which hears of it here.
    """
    match state_type:
        case StateType.PAUSED if (state_details or {}).get("pause_reschedule"):
            return Intent.SUSPEND
        case _ if not is_live or state_type in TERMINAL_STATES:
            return Intent.STOP
        case StateType.CANCELLING:
            return Intent.CANCEL
        case _:
            return Intent.NONE
