"""What makes triggers fire, case by case: as stock servers were seen to do it, where they do."""

from typing import Any

import pytest

from tests.unit.triggers.bucket_model import NOON, Store, at, seen, trigger
from windlass_services.triggers.bucket_rows import bucket_of, row_of
from windlass_services.triggers.buckets import MOST_SPANS, Bucket, is_immediate, is_standing


def times_of_firings(happened: list[tuple[float, str]], **said: Any) -> list[float]:
    """Seconds after noon at which a trigger fires; a proactive one is looked after each second."""
    store = Store(trigger(**said))
    fired: list[float] = []
    for second in range(61):
        events = [seen(store.trigger, *one) for one in happened if int(one[0]) == second]
        for event in events:
            before = len(store.fired)
            store.count([event])
            fired += [(event.at - NOON).total_seconds()] * (len(store.fired) - before)
        before = len(store.fired)
        store.look(at(second))
        fired += [float(second)] * (len(store.fired) - before)
    return fired


def each(name: str, *seconds: float) -> list[tuple[float, str]]:
    return [(second, name) for second in seconds]


@pytest.mark.parametrize(
    ("happened", "said", "expected"),
    [
        (each("e", 0, 1, 2), {}, [0, 1, 2]),
        # Once in each `within`, and then again.
        (each("e", 0, 2, 6, 7, 12), {"within": 5}, [0, 6, 12]),
        (each("e", 0, 1, 2, 3, 4, 5, 6), {"threshold": 3, "within": 20}, [2]),
        (each("e", 0, 1, 2, 3, 4, 5, 6), {"threshold": 3}, [2, 5]),
        # A time that began with the first event would miss those of two such times.
        (each("e", 0, 8, 12, 13, 14), {"threshold": 3, "within": 10}, [13]),
        (each("e", 0, 20, 40), {"threshold": 2, "within": 10}, []),
        ([(0, "e"), (1, "a"), (2, "e"), (3, "e")], {"after": ["a"]}, [2]),
        ([(0, "a"), (7, "e")], {"after": ["a"], "within": 5}, []),
        ([(0, "a"), (6, "a"), (7, "e")], {"after": ["a"], "within": 5}, [7]),
        ([(0, "a"), (1, "e"), (2, "e"), (3, "e")], {"after": ["a"], "threshold": 2}, [2]),
        (each("a", 0, 1, 2, 3), {"after": ["a"], "expect": ["a"]}, [1, 3]),
    ],
)
def test_reactive(
    happened: list[tuple[float, str]], said: dict[str, Any], expected: list[float]
) -> None:
    assert times_of_firings(happened, **said) == expected


@pytest.mark.parametrize(
    ("happened", "said", "expected"),
    [
        ([(0, "a")], {"after": ["a"]}, [10]),
        ([(0, "a"), (9, "e")], {"after": ["a"]}, []),
        ([(0, "a"), (11, "e"), (20, "a"), (22, "e")], {"after": ["a"]}, [10]),
        # The first one of `after` begins.
        ([(0, "a"), (5, "a")], {"after": ["a"]}, [10]),
        ([(0, "a"), (1, "e")], {"after": ["a"], "threshold": 2}, [10]),
        ([(0, "a"), (1, "e"), (2, "e")], {"after": ["a"], "threshold": 2}, []),
        # Heartbeats: each expects the next one, or an end.
        (each("a", 0, 8, 16), {"after": ["a"], "expect": ["a", "e"]}, [26]),
        ([*each("a", 0, 8), (15, "e")], {"after": ["a"], "expect": ["a", "e"]}, []),
        # Without `after` the first one begins; who fell silent has to be heard of again.
        (each("e", 0, 8, 30), {}, [18, 40]),
        ([(0, "a")], {"after": ["a"], "threshold": 0}, []),
    ],
)
def test_proactive(
    happened: list[tuple[float, str]], said: dict[str, Any], expected: list[float]
) -> None:
    fixed = {"posture": "Proactive", "within": 10, "for_each": ["x"]}
    assert times_of_firings(happened, **fixed | said) == expected


def test_what_waits_for_everything_fires_in_each_window() -> None:
    store = Store(trigger(posture="Proactive", within=10))
    assert is_standing(store.trigger)
    store.stand()
    for second in range(26):
        store.look(at(second))
    assert [firing.cause[0] for firing in store.fired] == [at(0), at(10)]
    store.count([seen(store.trigger, 27)])
    store.look(at(36))
    assert len(store.fired) == 2
    # One firing tells of all the windows that passed while nobody looked.
    store.look(at(500))
    store.look(at(501))
    assert len(store.fired) == 3


def test_what_is_heard_late_leaves_time_for_what_follows_it() -> None:
    store = Store(trigger(after=["a"], posture="Proactive", within=10, for_each=["x"]))
    store.count([seen(store.trigger, 0, "a", received=600)])
    store.look(at(605))
    assert store.fired == []
    store.count([seen(store.trigger, 5, received=606)])
    store.look(at(700))
    assert store.fired == []


def test_a_burst_that_arrives_backwards_fires_once() -> None:
    store = Store(trigger(within=60))
    store.count(seen(store.trigger, 30 - second) for second in range(30))
    assert len(store.fired) == 1


def test_a_bucket_does_not_grow() -> None:
    often = trigger(within=1)
    store = Store(often)
    for second in range(0, 100, 2):
        store.count([seen(often, second)])
    assert len(store.fired) == 50
    assert len(store.bucket.spent) == MOST_SPANS
    store.count([seen(often, 1)])
    assert len(store.fired) == 50, "it is older than all that is remembered"
    rarely = Store(trigger(threshold=3, within=1))
    for second in range(0, 1000, 10):
        rarely.count([seen(rarely.trigger, second)])
    assert len(rarely.bucket.unspent) <= 2 * 3 + 64
    watching = Store(trigger(after=["a"], posture="Proactive", within=10, for_each=["x"]))
    for number in range(100):
        watching.count([seen(watching.trigger, number / 100, "a")])
    assert len(watching.bucket.unspent) <= 2 + 64


def test_what_a_trigger_was_before_it_changed_is_forgotten() -> None:
    bucket = Bucket(unspent=(seen(trigger(), 0),))
    row = row_of(bucket, NOON)
    assert bucket_of(row, NOON) == bucket
    assert bucket_of(row, at(1)) == Bucket()


@pytest.mark.parametrize(
    ("said", "expected"),
    [({}, True), ({"threshold": 2}, False), ({"within": 1}, False), ({"after": ["a"]}, False)],
)
def test_a_trigger_on_each_event_remembers_nothing(said: dict[str, Any], expected: bool) -> None:
    assert is_immediate(trigger(**said)) is expected
