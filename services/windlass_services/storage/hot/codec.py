"""How the values of a column travel to each driver and back, derived from the tables.

What the hot operations write this way is what SQLAlchemy Core reads, and the other way round.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Protocol, TypeAlias
from uuid import UUID

import sqlalchemy as sa
from pydantic_core import from_json
from sqlalchemy.dialects import postgresql

from windlass_services.storage.json_text import (
    json_text,
    json_text_without_nul,
    text_without_nul,
)
from windlass_services.storage.tables import Timestamp, from_microseconds, to_microseconds

Convert: TypeAlias = Callable[[Any], Any]
Row: TypeAlias = dict[str, Any]
"""One row by column name, with Python values: UUID, datetime, what JSON parses to."""


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a statement. The conversions never see `None`: that is NULL everywhere."""

    name: str
    encode: Convert | None
    decode: Convert | None
    sql_type: str = ""
    """On PostgreSQL, the type of the column as in a cast. `TEXT[]` is sent as JSON."""


Fields: TypeAlias = tuple[Field, ...]


class FieldsOf(Protocol):
    """`sqlite_fields` or `postgres_fields`."""

    def __call__(self, columns: Iterable[sa.Column[Any]], prefix: str = "") -> Fields: ...


def encoded(fields: Fields, row: Mapping[str, Any]) -> Row:
    """The row as the driver takes it; it may hold more than the fields."""
    values: Row = {}
    for field in fields:
        value = row[field.name]
        convert = field.encode
        values[field.name] = value if value is None or convert is None else convert(value)
    return values


def encoded_columns(fields: Fields, rows: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
    """One list per field, for `unnest`."""
    columns: list[list[Any]] = []
    for field in fields:
        name, convert = field.name, field.encode
        values = [row[name] for row in rows]
        if convert is not None:
            values = [None if value is None else convert(value) for value in values]
        columns.append(values)
    return columns


def decoded(fields: Fields, values: Sequence[Any]) -> Row:
    """What the driver answered for exactly these fields, as a row."""
    return {
        field.name: value if value is None or field.decode is None else field.decode(value)
        for field, value in zip(fields, values, strict=True)
    }


def sqlite_fields(columns: Iterable[sa.Column[Any]], prefix: str = "") -> Fields:
    """The columns as stdlib `sqlite3` takes them; names get the prefix."""
    return tuple(_sqlite_field(column, prefix + column.name) for column in columns)


def postgres_fields(columns: Iterable[sa.Column[Any]], prefix: str = "") -> Fields:
    """The columns as `asyncpg` takes them; names get the prefix."""
    return tuple(_postgres_field(column, prefix + column.name) for column in columns)


def _sqlite_field(column: sa.Column[Any], name: str) -> Field:
    encode, decode = _sqlite_conversions(column.type)
    return Field(name, encode, decode)


def _sqlite_conversions(kind: object) -> tuple[Convert | None, Convert | None]:
    match kind:
        case sa.Uuid():
            return _hex_of, UUID
        case Timestamp():
            return to_microseconds, from_microseconds
        case sa.JSON():
            return json_text, _json_value
        case sa.Boolean():
            return int, bool
        case sa.Date():
            return date.isoformat, date.fromisoformat
        case _:
            return None, None


def _postgres_field(column: sa.Column[Any], name: str) -> Field:
    sql_type = _postgres_type(column)
    if sql_type == "JSONB":
        return Field(name, json_text_without_nul, from_json, sql_type)
    if sql_type == "TEXT[]":
        return Field(name, json_text_without_nul, None, sql_type)
    if sql_type == "TEXT":
        return Field(name, text_without_nul, None, sql_type)
    return Field(name, None, None, sql_type)


_POSTGRES: Final = postgresql.dialect()


def _postgres_type(column: sa.Column[Any]) -> str:
    return column.type.compile(dialect=_POSTGRES)


def _json_value(value: Any) -> Any:
    # SQLite stores what looks like a number as one, whatever it was written as.
    return from_json(value) if isinstance(value, str) else value


def _hex_of(value: UUID) -> str:
    return value.hex
