"""The sets of states that rules start from and lead to."""

from typing import Final

from windlass.schemas.states import TERMINAL_STATES, StateType

TO_ANY: Final = frozenset(StateType)
TO_FINAL: Final = TERMINAL_STATES
FROM_ANY: Final = frozenset[StateType | None]({None, *StateType})
"""None stands for a run that has no state yet."""
FROM_FINAL: Final = frozenset[StateType | None](TERMINAL_STATES)
