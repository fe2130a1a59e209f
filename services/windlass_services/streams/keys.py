"""Where things are: the partition of a message and the name of every key and channel.

Braces are the hash tag of a Redis cluster: what a script touches together lives in one slot.
No key expires. All are bounded: streams by the topic's cap, the others by the number of topics,
partitions and groups; `is_permanent` lists them.
"""

import re
from dataclasses import dataclass
from typing import Final
from zlib import crc32

from windlass_services.streams.protocol import PARTITIONS

_PERMANENT: Final = re.compile(r"windlass:[^:{}]+:\{[^{}]+:(\d+|epoch|dead)\}(:gaps)?")
_GLOB: Final = re.compile(r"([\\*?\[\]])")


def partition_of(key: str) -> int:
    """The partition of every message with this key; the same in every process."""
    return crc32(key.encode()) % PARTITIONS


def is_permanent(key: str) -> bool:
    """Whether this key may exist without a time to live."""
    return _PERMANENT.fullmatch(key) is not None


@dataclass(frozen=True, slots=True)
class Keys:
    """The names of one workspace."""

    workspace: str

    def stream(self, topic: str, partition: int) -> str:
        return f"windlass:{self.workspace}:{{{topic}:{partition}}}"

    def gaps(self, topic: str, partition: int) -> str:
        """A hash: per group, how often it lost messages and which loss was mended last."""
        return f"{self.stream(topic, partition)}:gaps"

    def epoch(self, topic: str) -> str:
        return f"windlass:{self.workspace}:{{{topic}:epoch}}"

    def dead_letters(self, topic: str) -> str:
        return f"windlass:{self.workspace}:{{{topic}:dead}}"

    def channel(self, name: str) -> str:
        return f"windlass:{self.workspace}:announce:{name}"

    def channel_pattern(self, name: str) -> str:
        """The glob for a name that ends in `*`, which is the only wildcard in it."""
        return _GLOB.sub(r"\\\1", self.channel(name.removesuffix("*"))) + "*"

    def channel_name(self, channel: str) -> str:
        """The name that `channel` was given."""
        return channel.removeprefix(self.channel(""))
