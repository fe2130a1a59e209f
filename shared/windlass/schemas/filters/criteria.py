"""The criteria that filters are made of.

A criterion with nothing set lets everything through. What is set in one criterion, or in one
filter, must hold together, or at least in one part where its operator says ``or_``.
"""

from enum import StrEnum
from typing import Annotated, TypeAlias, cast
from uuid import UUID

from pydantic import Field, model_validator

from windlass.schemas.base import JsonObject, Shape, Timestamp
from windlass.schemas.fields import NotNegative, Positive


class Operator(StrEnum):
    """How what is set in a criterion or in a filter is put together."""

    AND = "and_"
    """All of it must hold."""
    OR = "or_"
    """Some of it must hold."""


class Operated(Shape):
    """Something whose parts are put together by an operator."""

    operator: Operator = Operator.AND


class AnyId(Shape):
    """One of these ids."""

    any_: list[UUID] | None = None


class AnyOrNotAnyId(AnyId):
    """One of these ids, and none of those."""

    not_any_: list[UUID] | None = None


class AnyText(Shape):
    """One of these texts."""

    any_: list[str] | None = None


class AnyOrNotAnyText(AnyText):
    """One of these texts, and none of those."""

    not_any_: list[str] | None = None


Pattern: TypeAlias = Annotated[str, Field(max_length=5_000)]
"""What a text contains or begins with: SQLite compares with 50,000 bytes at most."""


class AnyOrLikeText(AnyText):
    """One of these texts; or one that contains `like_`, in capitals or not."""

    like_: Pattern | None = None


class AnyIdOrNull(Operated, AnyId):
    """One of these ids; or whether there is none at all."""

    is_null_: bool | None = None


class AnyTextOrNull(Operated, AnyText):
    """One of these texts; or whether there is none at all."""

    is_null_: bool | None = None


class Period(Shape):
    """From `after_` to `before_`, both included."""

    before_: Timestamp | None = None
    after_: Timestamp | None = None


class PeriodOrNull(Period):
    """From `after_` to `before_`, both included; or whether there is no moment at all."""

    is_null_: bool | None = None


class AllTags(Operated):
    """All of these tags; or whether there are none at all."""

    all_: list[str] | None = None
    is_null_: bool | None = None


class AllOrAnyTags(AllTags):
    """All of these tags, at least one of those; or whether there are none at all."""

    any_: list[str] | None = None


class TextSearch(Shape):
    """Words to find in a text, in capitals or not.

    One of the words is enough; ``+word`` must be there, ``-word`` and ``!word`` must not;
    ``"two words"`` count as one.
    """

    query: Annotated[str, Field(max_length=200)]


Offset: TypeAlias = NotNegative
"""How many results to leave out at the beginning."""

PageNumber: TypeAlias = Positive
"""Which page of the results, counting from 1."""


class Query(Shape):
    """The body of a route that answers a question: null for a part of it says nothing about it.

    The stock client sends every part, so that null must stand for the default as well.
    """

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, asked: object) -> object:
        if not isinstance(asked, dict):
            return asked
        parts = cast("JsonObject", asked)
        return {name: part for name, part in parts.items() if part is not None}


class Window(Query):
    """Which part of the results: `limit` None means the server's own limit."""

    offset: Offset = 0
    limit: int | None = None


class Paged(Query):
    """Which page of the results: `limit` None means the server's own limit."""

    page: PageNumber = 1
    limit: int | None = None
