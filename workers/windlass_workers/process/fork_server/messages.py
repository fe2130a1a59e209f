"""What an agent and its fork server say to each other: one small JSON text in each packet.

The agent sends the number of a request with three descriptors: a file with the job, and the
standard output and error for it.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any, Final, TypeAlias, cast

LARGEST_PACKET: Final = 4096
DESCRIPTORS: Final = 3


@dataclass(frozen=True, slots=True)
class Forked:
    """The process for a request."""

    request: int
    pid: int
    start_time: int | None


@dataclass(frozen=True, slots=True)
class ForkRefused:
    """The kernel gave no process for a request."""

    request: int
    errno: int
    reason: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A process ended; `status` is that of waitpid."""

    pid: int
    status: int


Answer: TypeAlias = Forked | ForkRefused | Ended

_ANSWERS: Final[dict[str, type[Answer]]] = {
    answer.__name__: answer for answer in (Forked, ForkRefused, Ended)
}


@dataclass(frozen=True, slots=True)
class Job:
    """What a forked process does: which claim it carries out, where and with what environment."""

    claimed: dict[str, Any]
    environment: dict[str, str]
    directory: str


def encode_answer(answer: Answer) -> bytes:
    """One packet."""
    return json.dumps({"kind": type(answer).__name__, **asdict(answer)}).encode()


def decode_answer(packet: bytes) -> Answer:
    """The answer in a packet."""
    fields = cast(dict[str, Any], json.loads(packet))
    return _ANSWERS[fields.pop("kind")](**fields)


def encode_job(claim: bytes, environment: dict[str, str], directory: str) -> bytes:
    """The content of the file; `claim` is JSON already."""
    rest = json.dumps({"environment": environment, "directory": directory}).encode()
    return b'{"claimed":' + claim + b"," + rest[1:]


def decode_job(content: bytes) -> Job:
    """The job in a file."""
    return Job(**json.loads(content))
