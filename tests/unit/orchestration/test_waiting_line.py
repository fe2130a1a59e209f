"""Who is served next among the claims that wait for a pool."""

from datetime import timedelta
from uuid import UUID, uuid4

from tests.unit.orchestration.waiters import a_claim
from windlass_services.orchestration.waiting_line import Waiter, WaitingLine, Wants
from windlass_services.storage.scope import Scope

NOW, SOON = timedelta(0), timedelta(seconds=10)
ONE, OTHER = uuid4(), uuid4()


def waiter(*queues: UUID, prefetch: timedelta = NOW) -> Waiter:
    return Waiter(Scope(), a_claim(), Wants(frozenset(queues) or None, prefetch))


def line_of(*waiters: Waiter) -> WaitingLine:
    line = WaitingLine()
    for one in waiters:
        line.enter(one)
    return line


def test_the_first_to_come_is_the_first_whatever_they_want() -> None:
    first, second, third = waiter(ONE), waiter(), waiter(ONE)
    line = line_of(first, second, third)
    assert line.first(2, []) == [first, second]
    line.leave(first)
    assert line.first(5, []) == [second, third]


def test_those_for_whom_nothing_is_left_are_passed_over() -> None:
    one, other = waiter(ONE), waiter(OTHER)
    assert line_of(one, other).first(5, [one.wants]) == [other]


def test_nothing_left_in_any_queue_is_nothing_left_in_one() -> None:
    every, one = waiter(), waiter(ONE)
    assert every.wants.covers(one.wants)
    assert not one.wants.covers(every.wants)
    assert waiter(ONE, OTHER).wants.covers(one.wants)


def test_who_takes_runs_earlier_may_still_find_some() -> None:
    assert not waiter().wants.covers(waiter(prefetch=SOON).wants)
    assert waiter(prefetch=SOON).wants.covers(waiter().wants)


def test_one_who_left_is_not_taken_for_one_who_came_later() -> None:
    left = waiter()
    line = line_of(left)
    line.leave(left)
    assert not line
    later = WaitingLine()
    newcomer = waiter()
    later.enter(newcomer)
    assert left not in later
    later.leave(left)
    assert newcomer in later


def test_a_line_knows_how_early_some_run_may_be_taken() -> None:
    assert line_of(waiter(), waiter(prefetch=SOON)).longest_prefetch() == SOON
