"""Which queue of a pool goes first: unique whole numbers from 1, the smallest first."""

from collections.abc import Mapping
from uuid import UUID


def priorities_to_change(
    current: Mapping[UUID, int], wanted: Mapping[UUID, int]
) -> dict[UUID, int]:
    """The least that must change so that the queues in `wanted` have those priorities.

    Whoever holds one of them moves down, and so do those it runs into; the order of the others
    among each other stays. `wanted` may name queues that are not in `current` yet.
    """
    changes = {id: priority for id, priority in wanted.items() if current.get(id) != priority}
    taken = set(wanted.values())
    for id, priority in sorted(current.items(), key=lambda item: item[1]):
        if id in wanted:
            continue
        free = priority
        while free in taken:
            free += 1
        taken.add(free)
        if free != priority:
            changes[id] = free
    return changes
