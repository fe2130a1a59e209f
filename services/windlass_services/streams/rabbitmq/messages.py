"""How a message is written for AMQP, and read back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, cast
from uuid import uuid4

import aio_pika
from aio_pika.abc import AbstractIncomingMessage, DeliveryMode

from windlass_services.streams.protocol import DeadLetter, Delivery, Message

_BEGINNING: Final = "beginning-"


def marker(text: str = "") -> aio_pika.Message:
    """A message that says it by being there, or by a word."""
    return _written(text.encode(), {})


def beginning() -> aio_pika.Message:
    """The loss of everything before a queue was made."""
    message = _written(b"", {})
    message.message_id = f"{_BEGINNING}{message.message_id}"
    return message


def is_beginning(incoming: AbstractIncomingMessage) -> bool:
    """Whether this is what `beginning` wrote."""
    return (incoming.message_id or "").startswith(_BEGINNING)


def published(message: Message) -> aio_pika.Message:
    """A message of a topic."""
    return _written(message.body, _headers(message))


def set_aside(delivery: Delivery, reason: str, at: datetime) -> aio_pika.Message:
    """A dead letter."""
    place = {"n": str(delivery.partition), "p": delivery.position}
    headers = _headers(delivery.message) | place | {"r": reason, "t": at.isoformat()}
    return _written(delivery.message.body, headers)


def message_of(incoming: AbstractIncomingMessage) -> Message:
    """The message that `published` or `set_aside` wrote."""
    headers = _headers_of(incoming)
    return Message(
        key=headers["k"],
        id=headers["i"],
        body=incoming.body,
        done_for=tuple(headers["d"].split()),
    )


def dead_letter_of(topic: str, incoming: AbstractIncomingMessage) -> DeadLetter:
    """The dead letter that `set_aside` wrote."""
    headers = _headers_of(incoming)
    return DeadLetter(
        delivery=Delivery(topic, int(headers["n"]), headers["p"], message_of(incoming)),
        reason=headers["r"],
        at=datetime.fromisoformat(headers["t"]),
    )


def _headers(message: Message) -> dict[str, str]:
    return {"k": message.key, "i": message.id, "d": " ".join(message.done_for)}


def _headers_of(incoming: AbstractIncomingMessage) -> Mapping[str, str]:
    return cast("Mapping[str, str]", incoming.headers)


def _written(body: bytes, headers: Mapping[str, str]) -> aio_pika.Message:
    # Persistent: a queue outlives a restart of the broker, and must not do so with holes.
    return aio_pika.Message(
        body,
        headers=dict(headers),
        message_id=uuid4().hex,
        delivery_mode=DeliveryMode.PERSISTENT,
    )
