"""What the return value of a function means for its run. Pure: every future in it is done."""

from typing import Any, NamedTuple

from windlass.futures import (
    WindlassFuture,
    find_futures,
    resolve_futures_to_results,
    resolve_futures_to_states,
)
from windlass.schemas.states import LocalResult, State, state_exception
from windlass.states import (
    Completed,
    is_made_by_hand,
    is_state_iterable,
    return_value_to_state,
)
from windlass.utilities.collections import LEAVES


class Outcome(NamedTuple):
    """The final state of a run, and what its caller gets: `error` raised, else `value`."""

    state: State
    value: Any = None
    error: BaseException | None = None


def is_plain(returned: Any) -> bool:
    """Whether a function returned just a result: no state, no future, nothing that may hold any."""
    if type(returned) in LEAVES:
        return True
    return not isinstance(returned, State | WindlassFuture | list | tuple | set | dict)


def outcome_of(returned: Any) -> Outcome:
    """What it means that a function returned this.

    - A state made by hand is the final state, and what the caller gets, also if it is FAILED.
    - Futures and states of other runs, one or a list, tuple or set of nothing else: all of them
      have to be COMPLETED. Then the caller gets what was returned, with results for futures; if
      not, the run is FAILED, and the caller gets the exception of the first that is not.
    - Anything else is a result. Futures somewhere in it are replaced by their states.
    """
    if is_plain(returned):
        return Outcome(Completed(data=LocalResult(returned)), returned)
    if isinstance(returned, State) and is_made_by_hand(returned):
        return Outcome(returned, returned)
    resolved = resolve_futures_to_states(returned)
    state = return_value_to_state(resolved)
    if not isinstance(resolved, State) and not is_state_iterable(resolved):
        return Outcome(state, resolved)
    if not state.is_completed():
        return Outcome(state, error=state_exception(state))
    value = resolve_futures_to_results(returned) if find_futures(returned) else returned
    return Outcome(state.model_copy(update={"data": LocalResult(value)}), value)
