"""What every shape on the wire has in common."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final, TypeAlias
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict

JsonValue: TypeAlias = Any
"""Whatever JSON can say; checked where it is used: a schema for it costs more than it tells."""
JsonObject: TypeAlias = dict[str, Any]


def _in_utc(value: datetime) -> datetime:
    try:
        moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:
        raise ValueError("In UTC, its year is not between 1 and 9999") from None
    return _FIRST if moment < _FIRST else min(moment, _LAST)


# The very first and the very last moment mean infinity to the driver of PostgreSQL, which has no
# zone and no distance from any other.
_FIRST: Final = datetime.min.replace(tzinfo=UTC, microsecond=1)
_LAST: Final = datetime.max.replace(tzinfo=UTC, microsecond=999_998)


Timestamp: TypeAlias = Annotated[datetime, AfterValidator(_in_utc)]
"""A moment in UTC. A naive one is read as UTC, as Prefect's API does."""


class Shape(BaseModel):
    """A shape on the wire. Unknown fields are ignored: a newer client must not fail on an older
    server (`docs/decisions/0005-unknown-fields.md`); the API names them in a response header."""

    # A process needs few of the shapes: validators are made when they are asked for first.
    # JSON has no NaN and no infinity: stored as null, they could not be read again.
    model_config = ConfigDict(
        extra="ignore", populate_by_name=True, defer_build=True, allow_inf_nan=False
    )


class Stored(Shape):
    """A shape that has a row: its identity and when it was made and last changed."""

    id: UUID
    created: Timestamp | None = None
    updated: Timestamp | None = None


def build_shapes() -> None:
    """Make the validators of all shapes that are imported: before a fork, to share them."""
    pending: list[type[BaseModel]] = [Shape]
    while pending:
        shape = pending.pop()
        shape.model_rebuild()
        pending += shape.__subclasses__()
