"""Start-time-fair ranks: the place of a run in the line of its queue and priority (decision 19).

Worked out by the statement that writes the row, from the rows that wait: there is no other state.
The n-th waiting run of a deployment ranks a whole round behind the one before it, and whoever comes
new ranks in the middle of the round that is under way: behind the runs that are next, of which each
deployment has one, and ahead of all the rest.
"""

from datetime import datetime, timedelta
from typing import Final

from windlass_services.storage.hot.facts import Dispatch
from windlass_services.storage.tables import HELD_BACK, NOT_DUE, to_microseconds

ROUND: Final = 2
"""The ranks of one round: one for those that were in line, one for those that come meanwhile."""

IN_LINE: Final = f"rank < {HELD_BACK}"
OUT_OF_LINE: Final = f"rank >= {HELD_BACK}"
IS_NOT_DUE: Final = f"rank >= {HELD_BACK} AND rank = {NOT_DUE}"
IS_HELD_BACK: Final = f"rank >= {HELD_BACK} AND rank < {NOT_DUE}"
"""Spelt as the partial indexes spell them, which serve a statement only then."""

LOOK_AGAIN: Final = timedelta(seconds=30)
"""How often it is seen to that no slot is free for a run that is held back: whoever gives one back
lets a run in, and this finds what was missed, such as slots of runs that were deleted."""
LOOKS_AT: Final = 100
"""So many runs of a deployment are due to look at a time, the others later."""
HELD_BACK_AT_ONCE: Final = 5_000
"""So many runs one statement takes out of line; the claim tries one more before the next."""
UNLIMITED: Final = 1_000_000
"""The slots of a deployment that has no limit any more."""

_NEAR: Final = 3_600_000_000
"""Ranks stay close to the time in microseconds. The rows of an older version rank by when they are
due, some of them in days, and say nothing about where the line is."""


def rank_to_write(dispatch: Dispatch, now: datetime) -> int:
    """What a row is written with; for a run that comes in line, the rank it has if nobody waits."""
    if dispatch.waits_for_slot:
        return HELD_BACK + to_microseconds(now)
    return NOT_DUE if dispatch.due_at > now else to_microseconds(now)


def first_rank(of: str, greatest: str) -> str:
    """SQL: the rank of a run that comes in line now.

    `of` is put before `work_queue_id`, `deployment_id`, `run_priority` and `rank`, which is the
    rank if nobody waits. `greatest` is the function that answers with the greatest of its
    arguments.
    """
    first = _waiting(of, "")
    # `=` finds nothing for NULL, and what would find it is served by no index on PostgreSQL.
    last = _waiting(of, f" AND w.deployment_id = {of}deployment_id", "DESC")
    last_of_none = _waiting(of, " AND w.deployment_id IS NULL", "DESC")
    last_of_none = f"CASE WHEN {of}deployment_id IS NULL THEN {last_of_none} END"
    return (
        f"{greatest}(coalesce({first} + 1, {of}rank), coalesce({last} + {ROUND}, 0),"
        f" coalesce({last_of_none} + {ROUND}, 0))"
    )


def first_rank_let_in(of: str, greatest: str) -> str:
    """SQL: the same for a run that was held back: it goes ahead of those of its deployment that
    came since, in the place of the first of them."""
    first_own = _waiting(of, f" AND w.deployment_id = {of}deployment_id")
    return f"coalesce({first_own} - 1, {first_rank(of, greatest)})"


def rank_written(of: str, greatest: str) -> str:
    """SQL: the rank of a row whose `rank` is what `rank_to_write` says."""
    in_line = first_rank(of, greatest)
    return f"CASE WHEN {of}rank >= {HELD_BACK} THEN {of}rank ELSE {in_line} END"


def one_after_another(rank: str, order: str) -> str:
    """SQL: the ranks of rows that come in line together and that each have the same `rank` as the
    others of their deployment."""
    return (
        f"{rank} + CASE WHEN {rank} >= {HELD_BACK} THEN 0 ELSE {ROUND} * (row_number() OVER"
        f" (PARTITION BY {rank} >= {HELD_BACK}, work_queue_id, deployment_id, run_priority"
        f" ORDER BY {order}) - 1) END"
    )


RANK_REPLACED: Final = (
    f"CASE WHEN excluded.rank >= {HELD_BACK} AND excluded.rank < {NOT_DUE}"
    f" AND dispatchable.rank < {NOT_DUE}"
    f" THEN dispatchable.rank + CASE WHEN dispatchable.rank < {HELD_BACK} THEN {HELD_BACK}"
    " ELSE 0 END ELSE excluded.rank END"
)
"""SQL: the rank of a row that is there before. A run that is held back keeps its place."""


def _waiting(of: str, which: str, order: str = "") -> str:
    return (
        "(SELECT w.rank FROM dispatchable w"
        f" WHERE w.work_queue_id = {of}work_queue_id AND w.run_priority = {of}run_priority{which}"
        f" AND w.{IN_LINE} AND w.rank < {of}rank + {_NEAR} ORDER BY w.rank {order} LIMIT 1)"
    )
