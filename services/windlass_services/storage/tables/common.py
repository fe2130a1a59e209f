"""Column types and helpers that mean the same in both dialects."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

metadata: Final = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s__%(column_0_N_name)s",
        "uq": "uq_%(table_name)s__%(column_0_N_name)s",
        "fk": "fk_%(table_name)s__%(column_0_N_name)s",
    }
)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def to_microseconds(moment: datetime) -> int:
    """A moment as SQLite keeps it: whole microseconds since 1970, exact."""
    return (moment - _EPOCH) // _MICROSECOND


def from_microseconds(value: int) -> datetime:
    """The moment that `to_microseconds` wrote."""
    return _EPOCH + timedelta(microseconds=value)


class Timestamp(sa.types.TypeDecorator[datetime]):
    """A moment in UTC: `timestamptz` on PostgreSQL, whole microseconds since 1970 on SQLite.

    Integers sort, compare and subtract on SQLite as timestamps do on PostgreSQL.
    """

    impl = sa.BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True))
        return dialect.type_descriptor(sa.BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> Any:
        if value is None or dialect.name == "postgresql":
            return value
        return to_microseconds(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        if value is None or dialect.name == "postgresql":
            return value
        return from_microseconds(value)


Json: Final = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True), "postgresql"
)
"""JSONB on PostgreSQL, text on SQLite. `None` is SQL's NULL."""

TextArray: Final = sa.JSON(none_as_null=True).with_variant(postgresql.ARRAY(sa.Text), "postgresql")
"""A list of strings: `text[]` on PostgreSQL (so that GIN serves `&&` and `@>`), JSON on SQLite."""


def identity() -> sa.Column[UUID]:
    """The primary key of a root table: a UUIDv7 that the server or the client made."""
    return sa.Column("id", sa.Uuid, primary_key=True)


def workspace() -> sa.Column[UUID]:
    """The workspace that owns the row."""
    return sa.Column("workspace_id", sa.Uuid, nullable=False)


def created() -> sa.Column[datetime]:
    """When the row was made."""
    return sa.Column("created", Timestamp, nullable=False)


def updated() -> sa.Column[datetime]:
    """When the row was last changed by a client or a service."""
    return sa.Column("updated", Timestamp, nullable=False)


def partial_index(
    *columns: str, where: str, name: str | None = None, unique: bool = False
) -> sa.Index:
    """An index of the rows that meet a condition; without a name it is called by its columns."""
    condition = sa.text(where)
    return sa.Index(
        name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition
    )
