"""Dead letters: what no attempt could handle, kept aside until somebody looks."""

from typing import Self

from pydantic import model_validator

from windlass.schemas.base import JsonValue, Shape, Timestamp
from windlass.schemas.fields import NotNegative


class DeadLetter(Shape):
    """A message that was set aside. What it announces is stored all the same.

    `id` is the message's: of an event, the event's. `reason` is the error of the last attempt, and
    `at` when that was. `body` is the message as far as it is JSON, else None.

    The topic `teardowns` has infrastructure that nobody could end: `id` is its execution's, `key`
    the id of the flow run, and `body` has `work_pool_name`, `attempts` and `handle`.
    """

    id: str
    topic: str
    key: str
    reason: str
    at: Timestamp
    body: JsonValue = None


class DeadLetterQuery(Shape):
    """The body of the route that lists dead letters: of one topic, or of all; at most `limit`."""

    topic: str | None = None
    limit: NotNegative | None = None


class DeadLettersToRedrive(Shape):
    """Which dead letters to try again: those with these ids, or all; of one topic, or of any.

    Either `ids` or `all` is said.
    """

    topic: str | None = None
    ids: list[str] | None = None
    all: bool = False

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        if self.all == (self.ids is not None):
            raise ValueError("Say either `ids`, or `all`.")
        return self


class DeadLettersRedriven(Shape):
    """How many were published again."""

    redriven: int
