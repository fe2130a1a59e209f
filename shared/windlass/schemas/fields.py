"""Field types that several resources share."""

from datetime import timedelta
from typing import Annotated, Final, TypeAlias
from uuid import UUID

from pydantic import (
    Field,
    FiniteFloat,
    PlainSerializer,
    SecretStr,
    StringConstraints,
    WithJsonSchema,
)

from windlass.schemas.base import Shape

ObjectName: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[^/%&><]+$")]
"""A name that is safe as one segment of a path: not empty and without ``/ % & > <``."""

Labels: TypeAlias = dict[str, bool | int | FiniteFloat | str]

_LARGEST: Final = 2**31 - 1
"""What an integer column of PostgreSQL holds at most."""

Whole: TypeAlias = Annotated[int, Field(ge=-_LARGEST - 1, le=_LARGEST)]
NotNegative: TypeAlias = Annotated[int, Field(ge=0, le=_LARGEST)]
Positive: TypeAlias = Annotated[int, Field(gt=0, le=_LARGEST)]

Limit: TypeAlias = NotNegative
"""How many may run at once; 0 lets nothing run."""

Duration: TypeAlias = Annotated[
    timedelta, PlainSerializer(timedelta.total_seconds, return_type=float, when_used="json")
]
"""A length of time: seconds as a number in JSON; ISO 8601 (``PT1M``) is read too."""

Secret: TypeAlias = Annotated[
    SecretStr,
    PlainSerializer(SecretStr.get_secret_value, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "password"}),
]
"""Text that stays out of logs and tracebacks, and travels in JSON as it is. Its schema says so:
that of `SecretStr` says that no answer has it."""


class Page(Shape):
    """Where the results of a page lie among all of them; pages count from 1."""

    count: int
    limit: int
    pages: int
    page: int


class CreatedBy(Shape):
    """Who or what made an object, such as a deployment or a schedule."""

    id: UUID | None = None
    type: str | None = None
    display_value: str | None = None


class UpdatedBy(Shape):
    """Who or what last changed an object."""

    id: UUID | None = None
    type: str | None = None
    display_value: str | None = None
