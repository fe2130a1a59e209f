"""How long runs ran and how late they were, in SQL: as `run_rows` says it of one row."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from windlass.schemas.states import StateType
from windlass_services.storage.tables import Timestamp


def moment(value: datetime) -> sa.ColumnElement[datetime]:
    """A moment as a value of its own: compared with no column, it would not know its type."""
    return sa.literal(value, Timestamp)


def seconds_between(
    earlier: sa.ColumnElement[Any], later: sa.ColumnElement[Any]
) -> sa.ColumnElement[float]:
    """Seconds from one moment to another, with microseconds."""
    return _SecondsBetween(earlier, later)


def run_seconds(table: sa.Table, now: datetime) -> sa.ColumnElement[float]:
    """The time in RUNNING so far, the attempt under way included."""
    under_way = seconds_between(table.c.state_timestamp, moment(now))
    return table.c.total_run_time + sa.case(
        (sa.and_(table.c.state_type == StateType.RUNNING, under_way > 0), under_way), else_=0.0
    )


def delay_seconds(table: sa.Table, now: datetime) -> sa.ColumnElement[float]:
    """How late the run started, or is until now; nothing for one that ended without a start."""
    began = sa.func.coalesce(table.c.start_time, moment(now))
    delay = seconds_between(table.c.expected_start_time, began)
    never_began = sa.and_(table.c.start_time.is_(None), table.c.end_time.is_not(None))
    return sa.case((never_began, 0.0), (delay > 0, delay), else_=0.0)


class _SecondsBetween(FunctionElement[float]):
    type = sa.Float()
    inherit_cache = True


@compiles(_SecondsBetween, "postgresql")
def _postgresql(element: _SecondsBetween, compiler: SQLCompiler, **options: Any) -> str:
    earlier, later = (compiler.process(part, **options) for part in element.clauses)
    return f"EXTRACT(EPOCH FROM ({later} - {earlier}))::double precision"


@compiles(_SecondsBetween, "sqlite")
def _sqlite(element: _SecondsBetween, compiler: SQLCompiler, **options: Any) -> str:
    earlier, later = (compiler.process(part, **options) for part in element.clauses)
    return f"(({later} - {earlier}) / 1000000.0)"
