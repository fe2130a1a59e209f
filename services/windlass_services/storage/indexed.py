"""Tables that SQLite is told by which index to read: it has no statistics to tell by."""

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.visitors import InternalTraversal


class Indexed(sa.TableClause):
    """A table as read by one index, for the partial indexes that others could stand in for.

    The statement fails on SQLite when its conditions do not fit the index; PostgreSQL chooses.
    """

    inherit_cache = True
    _traverse_internals: Final[Any] = [
        *sa.TableClause._traverse_internals,
        ("index", InternalTraversal.dp_string),
    ]
    """What tells one compiled statement from another: the index as well."""

    def __init__(self, table: sa.Table, index: str) -> None:
        columns = [sa.column(column.name, column.type) for column in table.columns]
        super().__init__(table.name, *columns)
        self.index = index


@compiles(Indexed, "sqlite")
def _read_by_index(element: Indexed, compiler: Any, **options: Any) -> str:
    named: str = compiler.visit_table(element, **options)
    return f"{named} INDEXED BY {element.index}" if options.get("asfrom") else named
