"""The name of every exchange and queue, and what each queue is declared with."""

from dataclasses import dataclass
from typing import Final

from pamqp.common import Arguments

_DEAD_LETTERS: Final = 10_000
_MISSED_AT_MOST: Final = 10_000
_LONGEST_KEY: Final = 255


@dataclass(frozen=True, slots=True)
class Place:
    """One group's queue for one partition, and the two that go with it."""

    workspace: str
    topic: str
    group: str
    partition: int

    @property
    def queue(self) -> str:
        return f"windlass.{self.workspace}.{self.topic}.{self.group}.{self.partition}"

    @property
    def losses(self) -> str:
        """Holds one message while something may have been missed; its id says which loss."""
        return f"{self.queue}.losses"

    @property
    def owner(self) -> str:
        """Exclusive to the connection that consumes; a message in it asks to let go."""
        return f"{self.queue}.owner"

    def arguments(self, cap: int) -> Arguments:
        """What is dropped for the cap goes to `losses`, which keeps the newest."""
        return {"x-max-length": cap, "x-overflow": "drop-head", **_to_queue(self.losses)}


LOSSES: Final[Arguments] = {"x-max-length": 1, "x-overflow": "drop-head"}
EPOCH: Final[Arguments] = {"x-max-length": 1, "x-overflow": "reject-publish"}
DEAD_LETTERS: Final[Arguments] = {"x-max-length": _DEAD_LETTERS, "x-overflow": "drop-head"}


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one workspace."""

    workspace: str

    def exchange(self, topic: str) -> str:
        """Routes by the number of the partition."""
        return f"windlass.{self.workspace}.{topic}"

    @property
    def announcements(self) -> str:
        """Routes by the words of a channel."""
        return f"windlass.{self.workspace}:announce"

    def place(self, topic: str, group: str, partition: int) -> Place:
        return Place(self.workspace, topic, group, partition)

    def epoch(self, topic: str) -> str:
        return f"windlass.{self.workspace}.{topic}:epoch"

    def live(self, id: str) -> str:
        """Belongs to one listener or live view, and goes with it."""
        return f"windlass.{self.workspace}:live.{id}"

    def drops(self, live: str) -> str:
        """What a live view was too slow for passes through it."""
        return f"{live}.drops"

    def dead_letters(self, topic: str) -> str:
        return f"windlass.{self.workspace}.{topic}:dead"


def live_arguments(drops: str | None = None) -> Arguments:
    """What is dropped goes to the queue `drops`, if there is one."""
    onward = {} if drops is None else _to_queue(drops)
    return {"x-max-length": _MISSED_AT_MOST, "x-overflow": "drop-head", **onward}


def routing_key(channel: str) -> str:
    """The words of a channel: AMQP routes by what stands between dots."""
    return channel.replace(":", ".").encode()[:_LONGEST_KEY].decode(errors="ignore")


def binding_key(name: str) -> str:
    """A pattern for the channels that `name` covers, and maybe some others."""
    if not name.endswith("*"):
        return routing_key(name)
    whole_words, dot, _ = routing_key(name).rpartition(".")
    return f"{whole_words}{dot}#"


def covers(name: str, channel: str) -> bool:
    """Whether a listener that asked for `name` is to hear of `channel`."""
    return channel.startswith(name[:-1]) if name.endswith("*") else channel == name


def _to_queue(name: str) -> dict[str, str]:
    """What sends what a queue drops to another one."""
    return {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": name}
