"""Rows as dictionaries, and lists of what rows say."""

import logging
from collections.abc import Callable, Collection, Iterable
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final, TypeVar

import sqlalchemy as sa

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

ShapeT = TypeVar("ShapeT")
ValueT = TypeVar("ValueT")

_logger: Final = logging.getLogger(__name__)


def columns_of(row: "DataclassInstance") -> dict[str, Any]:
    """The fields of a row by name: shallow, where `dataclasses.asdict` would copy every value."""
    return {field.name: getattr(row, field.name) for field in fields(row)}


def in_few_lengths(values: Collection[ValueT]) -> list[ValueT]:
    """The values for an IN, the last one repeated up to a power of two: a statement whose list has
    a new length is compiled and planned anew."""
    listed = list(values)
    missing = (1 << (len(listed) - 1).bit_length()) - len(listed) if listed else 0
    return listed + listed[-1:] * missing


def readable(
    what: str, rows: Iterable[sa.RowMapping], read: Callable[[sa.RowMapping], ShapeT]
) -> list[ShapeT]:
    """What each row says. One that cannot be read is left out, and named in the log.

    A row that an older version wrote, or somebody by hand, must not take the whole list with it.
    """
    found: list[ShapeT] = []
    for row in rows:
        try:
            found.append(read(row))
        except ValueError as error:
            _logger.error(
                "The %s %s cannot be read, and is left out of a list: %s",
                what,
                row.get("id"),
                error,
            )
    return found
