"""One criterion of a filter, as a clause on one column: the pieces that every filter is made of.

Each file here compiles the filter of one resource to a clause on the table of that resource alone:
`where_flow_runs(asked: FlowRunFilter) -> Clause`. What crosses resources is in `query.py`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from windlass.schemas.base import Shape
from windlass_services.storage.tables import Json, TextArray

Clause: TypeAlias = sa.ColumnElement[bool]


def combine(asked: Shape, *clauses: Clause | None) -> Clause:
    """All of the clauses, or any of them when the filter says `operator: or_`; true without any."""
    present = [clause for clause in clauses if clause is not None]
    if not present:
        return sa.true()
    return sa.or_(*present) if getattr(asked, "operator", None) == "or_" else sa.and_(*present)


def on_column(column: sa.ColumnElement[Any], asked: Shape | None) -> Clause | None:
    """The clause of a criterion whose fields (`any_`, `like_`, ...) all speak of one column.

    None when it asks for nothing. Moments and numbers are inclusive on both sides, texts are
    compared without regard to case; an empty `any_` matches nothing.
    """
    return _from_fields(asked, column, _ON_COLUMN)


def on_tags(column: sa.ColumnElement[Any], asked: Shape | None) -> Clause | None:
    """The clause of a criterion on a JSON list of texts: `all_`, `any_`, and `is_null_` (empty)."""
    return _from_fields(asked, column, _ON_TAGS)


def has_all(column: sa.ColumnElement[Any], texts: list[str]) -> Clause:
    """Every one of the texts is in a JSON list of texts."""
    return _with_some(column, texts, _HasAll(column, sa.literal(texts, Json)))


def _has_any(column: sa.ColumnElement[Any], texts: list[str]) -> Clause:
    return _with_some(column, texts, _HasAny(column, sa.literal(texts, TextArray)))


def _with_some(column: sa.ColumnElement[Any], texts: list[str], clause: Clause) -> Clause:
    # Indexes of tags leave out the many rows without any. PostgreSQL takes one of them only where
    # that is said, and said as a constant: a value to bind might be any other.
    return sa.and_(column != sa.literal_column("'[]'"), clause) if texts else clause


_Compile: TypeAlias = Callable[[sa.ColumnElement[Any], Any], Clause]


def _from_fields(
    asked: Shape | None, column: sa.ColumnElement[Any], compilers: Mapping[str, _Compile]
) -> Clause | None:
    if asked is None:
        return None
    values = {name: getattr(asked, name) for name in type(asked).model_fields}
    clauses = [
        compilers[name](column, value)
        for name, value in values.items()
        if value is not None and name != "operator"
    ]
    return combine(asked, *clauses) if clauses else None


def _is_none_of(column: sa.ColumnElement[Any], values: list[Any]) -> Clause:
    # SQL's NOT IN would drop the rows without a value, and those are none of the values either.
    return column.not_in(values) | column.is_(None)


def _is_null(column: sa.ColumnElement[Any], wanted: bool) -> Clause:
    return column.is_(None) if wanted else column.is_not(None)


def _starts_with(column: sa.ColumnElement[Any], prefixes: list[str]) -> Clause:
    return sa.or_(sa.false(), *(column.istartswith(prefix, autoescape=True) for prefix in prefixes))


_ON_COLUMN: Final[Mapping[str, _Compile]] = {
    "any_": lambda column, values: column.in_(values),
    "not_any_": _is_none_of,
    "eq_": lambda column, value: column == value,
    "like_": lambda column, part: column.icontains(part, autoescape=True),
    "startswith_": _starts_with,
    "is_null_": _is_null,
    "exists_": lambda column, wanted: _is_null(column, not wanted),
    "before_": lambda column, moment: column <= moment,
    "after_": lambda column, moment: column >= moment,
    "le_": lambda column, number: column <= number,
    "ge_": lambda column, number: column >= number,
}


class _HasAll(FunctionElement[bool]):
    """Every text of the second list is in the first."""

    type = sa.Boolean()
    inherit_cache = True


class _HasAny(FunctionElement[bool]):
    """Some text of the second list is in the first."""

    type = sa.Boolean()
    inherit_cache = True


@compiles(_HasAll, "postgresql")
def _has_all_postgresql(element: _HasAll, compiler: SQLCompiler, **options: Any) -> str:
    tags, wanted = (compiler.process(part, **options) for part in element.clauses)
    return f"({tags} @> {wanted})"


@compiles(_HasAll, "sqlite")
def _has_all_sqlite(element: _HasAll, compiler: SQLCompiler, **options: Any) -> str:
    tags, wanted = (compiler.process(part, **options) for part in element.clauses)
    return (
        f"NOT EXISTS (SELECT 1 FROM json_each({wanted}) AS wanted"
        f" WHERE wanted.value NOT IN (SELECT value FROM json_each({tags})))"
    )


@compiles(_HasAny, "postgresql")
def _has_any_postgresql(element: _HasAny, compiler: SQLCompiler, **options: Any) -> str:
    tags, wanted = (compiler.process(part, **options) for part in element.clauses)
    return f"({tags} ?| {wanted})"


@compiles(_HasAny, "sqlite")
def _has_any_sqlite(element: _HasAny, compiler: SQLCompiler, **options: Any) -> str:
    tags, wanted = (compiler.process(part, **options) for part in element.clauses)
    return (
        f"EXISTS (SELECT 1 FROM json_each({wanted}) AS wanted"
        f" WHERE wanted.value IN (SELECT value FROM json_each({tags})))"
    )


def _are_empty(column: sa.ColumnElement[Any], wanted: bool) -> Clause:
    nothing = sa.literal([], Json)
    return column == nothing if wanted else column != nothing


_ON_TAGS: Final[Mapping[str, _Compile]] = {
    "all_": has_all,
    "any_": _has_any,
    "is_null_": _are_empty,
}
