"""Buckets against an oracle: events come twice and in any order, replicas take turns and die."""

from datetime import timedelta
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, multiple, rule

from tests.unit.triggers.bucket_model import NOON, Oracle, Store, at, seen, trigger, windows
from windlass.schemas.triggers.event import EventTrigger
from windlass_services.triggers.buckets import MOST_SPANS, Seen, is_immediate


def reactive(threshold: int, within: int) -> EventTrigger:
    return trigger(threshold=threshold, within=within)


def proactive(threshold: int, after: list[str]) -> EventTrigger:
    return trigger(threshold=threshold, after=after, posture="Proactive", within=10, for_each=["x"])


REACTIVE: Final = st.builds(reactive, st.integers(1, 4), st.sampled_from([0, 1, 5, 20])).filter(
    lambda trigger: not is_immediate(trigger)
)
PROACTIVE: Final = st.builds(
    proactive, st.integers(1, 3), st.sampled_from([list[str](), ["a"], ["a", "e"]])
)
NAMES: Final = st.sampled_from(["a", "e", "e"])
SECONDS: Final = st.integers(0, 40)


class Reactive(RuleBasedStateMachine):
    """Two replicas count what a broker delivers at least once, in whatever order."""

    events = Bundle("events")

    @initialize(trigger=REACTIVE)
    def begin(self, trigger: EventTrigger) -> None:
        self.store, self.oracle = Store(trigger), Oracle(trigger)

    @rule(target=events, seconds=st.lists(SECONDS, min_size=1, max_size=4), late=st.booleans())
    def happen(self, seconds: list[int], late: bool) -> Any:
        """Some events, which come in any order, now or later."""
        made = [seen(self.store.trigger, one) for one in seconds]
        if not late:
            self.count(made, again=False)
        return multiple(*made)

    @rule(batch=st.lists(events, min_size=1, max_size=5), again=st.booleans())
    def count(self, batch: list[Seen], again: bool) -> None:
        """A batch, perhaps a second time by the replica that owns the partition next."""
        expected = sum([self.oracle.count(event) for event in batch])
        before = len(self.store.fired)
        self.store.count(batch)
        if again:
            self.store.count(reversed(batch))
        assert len(self.store.fired) == before + expected

    @rule(batch=st.lists(events, min_size=1, max_size=5))
    def die(self, batch: list[Seen]) -> None:
        self.store.count(batch, dies=True)

    def teardown(self) -> None:
        bucket = self.store.bucket
        assert len(bucket.unspent) <= 2 * self.store.trigger.threshold + 64
        assert len(bucket.spent) <= MOST_SPANS


TestReactive = Reactive.TestCase
# So few that no more than MOST_SPANS firings come together.
TestReactive.settings = settings(max_examples=50, stateful_step_count=15, deadline=None)


class Proactive(RuleBasedStateMachine):
    """Events are stored, and reach a replica later, twice or never; a duty looks at deadlines."""

    stored = Bundle("stored")

    @initialize(trigger=PROACTIVE)
    def begin(self, trigger: EventTrigger) -> None:
        self.store = Store(trigger)
        self.table: list[Seen] = []
        self.now = NOON

    @rule(target=stored, name=NAMES, late=st.integers(0, 8))
    def receive(self, name: str, late: int) -> Seen:
        """An event is stored now, that happened before."""
        now = (self.now - NOON).total_seconds()
        self.table.append(seen(self.store.trigger, max(now - late, 0), name, received=now))
        return self.table[-1]

    @rule(batch=st.lists(stored, min_size=1, max_size=4), dies=st.booleans())
    def count(self, batch: list[Seen], dies: bool) -> None:
        self.store.count(batch, dies=dies)

    @rule(seconds=st.integers(1, 12), dies=st.booleans())
    def wait(self, seconds: int, dies: bool) -> None:
        self.now += timedelta(seconds=seconds)
        before = len(self.store.fired)
        self.store.look(self.now, stored=self.table, dies=dies)
        for firing in self.store.fired[before:]:
            begin, end = firing.cause, firing.cause[0] + self.store.trigger.within
            inside = [e for e in self.table if e.counts and e.moment > begin and e.at <= end]
            assert len(inside) < self.store.trigger.threshold, "what was expected is there"
            assert end <= self.now

    def teardown(self) -> None:
        """In the end, when all came through, nothing that was to fire is missing."""
        self.store.count(self.table)
        for step in range(1, 2 * len(self.table) + 2):
            self.store.look(self.now + step * timedelta(minutes=1), stored=self.table)
        assert self.store.bucket.opened is None
        within = self.store.trigger.within
        ends = [firing.cause[0] + within for firing in self.store.fired]
        for event in self.table:
            if event.opens and not any(e.counts and e > event for e in self.table):
                assert any(end - within <= event.at <= end for end in ends), "it did not fire"
        gaps = [
            later - sooner for sooner, later in zip(sorted(ends), sorted(ends)[1:], strict=False)
        ]
        assert all(gap > within for gap in gaps), "two firings for one window"


TestProactive = Proactive.TestCase
TestProactive.settings = settings(max_examples=50, stateful_step_count=25, deadline=None)


@settings(max_examples=80, deadline=None)
@given(
    trigger=PROACTIVE,
    happened=st.lists(st.tuples(SECONDS, NAMES), max_size=12),
    repeated=st.lists(st.integers(0, 11), max_size=6),
)
def test_what_comes_in_order_fires_as_the_oracle_says(
    trigger: EventTrigger, happened: list[tuple[int, str]], repeated: list[int]
) -> None:
    events = sorted(seen(trigger, seconds, name) for seconds, name in happened)
    store = Store(trigger)
    for number, event in enumerate(events):
        # The duty is never late here; a window that ends now still hears what happens now.
        for second in range(int((event.at - NOON).total_seconds())):
            store.look(at(second))
        store.count([event])
        store.count([events[earlier] for earlier in repeated if earlier <= number])
    for second in range(61, 200):
        store.look(at(second))
    assert [firing.cause[1] for firing in store.fired] == windows(trigger, events, at(200))
