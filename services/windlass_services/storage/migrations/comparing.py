"""What Alembic compares between a database and the tables in the code, and how it writes types."""

import re
from typing import Any, Final, Literal

import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext
from sqlalchemy.dialects import postgresql

from windlass_services.storage.tables import PARTITIONED_BY_DAY, Timestamp

_PARTITION: Final = re.compile(
    rf"({'|'.join(table.name for table in PARTITIONED_BY_DAY)})_(default|\d{{8}})"
)


_ON_EXPRESSIONS: Final = frozenset({"ix_flow_run__began", "ix_flow_run__created_by_id"})
"""Indexes that are in the migrations alone: Alembic cannot compare them on every dialect."""


def is_in_tables(name: str | None, kind: str, _parents: object) -> bool:
    """Whether the tables in the code say what it is: of partitions they say nothing, nor of
    indexes on expressions."""
    if kind == "index":
        return name not in _ON_EXPRESSIONS
    return not (kind == "table" and name is not None and _PARTITION.fullmatch(name))


def is_postgresql_only(index: sa.Index) -> bool:
    """Whether SQLite has no such index."""
    return bool(index.dialect_options["postgresql"]["using"])


def is_on_sqlite(item: object, *_: object) -> bool:
    """Whether SQLite can have it."""
    return not (isinstance(item, sa.Index) and is_postgresql_only(item))


def written_type(kind: str, item: Any, context: AutogenContext) -> str | Literal[False]:
    """Our own column types by their names; False for every other."""
    name = _type_name(item) if kind == "type" else None
    if name is None:
        return False
    context.imports.add(f"from windlass_services.storage.tables import {name}")
    return name


def _type_name(item: Any) -> str | None:
    if isinstance(item, Timestamp):
        return "Timestamp"
    if isinstance(item, sa.JSON):
        is_list = item.compile(dialect=postgresql.dialect()) == "TEXT[]"
        return "TextArray" if is_list else "Json"
    return None
