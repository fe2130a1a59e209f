"""Priorities of queues: unique, and changed as little as possible."""

from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from windlass_services.storage.queue_priorities import priorities_to_change

A, B, C, NEW = (uuid4() for _ in range(4))


def test_a_free_priority_moves_nobody() -> None:
    assert priorities_to_change({A: 1, B: 3}, {NEW: 2}) == {NEW: 2}


def test_the_holder_moves_down_and_so_do_those_it_runs_into() -> None:
    assert priorities_to_change({A: 1, B: 2, C: 4}, {NEW: 1}) == {NEW: 1, A: 2, B: 3}


def test_a_queue_that_moves_up_frees_its_own_place() -> None:
    assert priorities_to_change({A: 1, B: 2, C: 3}, {C: 1}) == {C: 1, A: 2, B: 3}


def test_what_is_so_already_changes_nothing() -> None:
    assert priorities_to_change({A: 1, B: 2}, {B: 2}) == {}


@given(
    priorities=st.lists(st.integers(1, 8), unique=True, max_size=6),
    wanted=st.integers(1, 9),
    moved=st.integers(0, 6),
)
def test_priorities_stay_unique_and_the_others_in_order(
    priorities: list[int], wanted: int, moved: int
) -> None:
    ids = [UUID(int=number) for number in range(len(priorities))]
    before = dict(zip(ids, priorities, strict=True))
    queue = ids[moved] if moved < len(ids) else NEW
    after = before | priorities_to_change(before, {queue: wanted})
    assert after[queue] == wanted
    assert len(set(after.values())) == len(after)
    others = [id for id in ids if id != queue]
    assert sorted(others, key=after.__getitem__) == sorted(others, key=before.__getitem__)
    assert all(after[id] >= before[id] for id in others)
