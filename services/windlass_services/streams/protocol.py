"""What every broker can do for us, and the shapes that go through it.

PostgreSQL decides, the broker delivers: whatever is published here is a row already, and a broker
that loses everything costs latency only. Every call that needs the broker is bounded in time and
raises `BrokerUnavailable` when there is no answer, except where it says otherwise.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Final, Protocol, TypeAlias

PARTITIONS: Final = 16
"""Streams in a topic. Part of what processes agree on: changing it strands what is in flight."""

Gaps: TypeAlias = Mapping[int, str]
"""Partitions from which messages may be missing, each with a token that says which loss it is."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message; `id` is what consumers recognise a repetition by."""

    key: str
    """A run's or a resource's id. Messages of one key share a partition and keep their order."""
    id: str
    body: bytes
    done_for: tuple[str, ...] = ()
    """Groups whose work on it was done along with the row it announces: they pass it over."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as a consumer group receives it, to be acknowledged."""

    topic: str
    partition: int
    position: str
    message: Message


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A delivery that no attempt could handle, and why."""

    delivery: Delivery
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Announcement:
    """A wake-up. `resumed` means that some may have been missed: look at everything again."""

    channel: str = ""
    payload: str = ""
    resumed: bool = False


class Streams(Protocol):
    """Topics of partitions, read by durable groups or tailed live, and channels of wake-ups."""

    replicated: ClassVar[bool]
    """Whether several processes see the same streams; if not, a second replica must not start."""
    partitions: ClassVar[int]

    async def publish(self, topic: str, messages: Sequence[Message]) -> None:
        """Append messages, in one round trip whatever their number.

        A topic over its cap drops its oldest messages; the groups that still wanted them see a
        gap. After an error some of the messages may have been appended.
        """
        ...

    async def read(
        self,
        topic: str,
        group: str,
        partition: int,
        consumer: str,
        *,
        limit: int,
        wait: timedelta,
    ) -> list[Delivery]:
        """The next messages that nobody in the group has had; empty if none came within `wait`.

        A group receives everything published since its first read, and of what is older as much
        as the broker still has. A missing group is made, and counts as a gap.
        """
        ...

    async def acknowledge(self, topic: str, group: str, deliveries: Sequence[Delivery]) -> None:
        """Say that these are done, and never to be delivered to this group again."""
        ...

    async def take_over(
        self, topic: str, group: str, partition: int, consumer: str, *, limit: int
    ) -> list[Delivery]:
        """Claim what was delivered to anyone in the group and never acknowledged, oldest first.

        For the new owner of a partition: acknowledge what is returned and ask again, until
        nothing is left.
        """
        ...

    async def epoch(self, topic: str) -> str | None:
        """The value that `ensure_epoch` left; None when the broker has lost its data since."""
        ...

    async def ensure_epoch(self, topic: str, value: str) -> str:
        """Set the epoch unless there is one; return the one in force."""
        ...

    async def gaps(self, topic: str, group: str) -> Gaps:
        """The partitions from which this group may have missed messages, for whatever reason.

        It is new, the broker lost its data, or the cap dropped what it had not finished. Read the
        table again, then call `mend` with what this returned.
        """
        ...

    async def mend(self, topic: str, group: str, gaps: Gaps) -> None:
        """Close these gaps. A loss since the gaps were asked for stays open."""
        ...

    async def dead_letter(self, delivery: Delivery, reason: str) -> None:
        """Keep a delivery aside. It is still to be acknowledged."""
        ...

    async def dead_letters(self, topic: str, limit: int) -> list[DeadLetter]:
        """The newest dead letters of a topic, newest first."""
        ...

    async def redrive(self, topic: str, ids: Collection[str] | None) -> int:
        """Publish dead letters again, the oldest first, and keep them aside no longer.

        Those of the messages with these ids, or all that there are now. Returns how many. What is
        published but still kept aside after an error may be redriven once more.
        """
        ...

    async def announce(self, channel: str, payload: str = "") -> None:
        """Wake whoever listens now. Never fails: a lost wake-up is repaired by a sweeper."""
        ...

    def listen(
        self, channels: Collection[str]
    ) -> AbstractAsyncContextManager[AsyncIterator[Announcement]]:
        """Announcements on these channels; a name that ends in `*` stands for every name that
        begins so.

        Entering subscribes, so what is announced afterwards arrives. It never fails: it reconnects
        by itself, and then yields an announcement with `resumed` set.
        """
        ...

    def tail(self, topic: str) -> AbstractAsyncContextManager[AsyncIterator[Message]]:
        """Messages published from now on, for a live view; it holds nothing back from being
        dropped, so a reader that falls far behind misses some. Reconnects by itself."""
        ...

    async def lag(self, topic: str, group: str) -> int:
        """How many messages this group has not acknowledged; at most, where that is not known."""
        ...

    async def ping(self) -> None:
        """Return if the broker answers."""
        ...

    async def close(self) -> None:
        """Let go of every connection."""
        ...
