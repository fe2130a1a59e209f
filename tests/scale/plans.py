"""Whether a question stops on an index, read off the plan that PostgreSQL makes for it.

A list stops when nothing in its plan takes in more than one in twenty of a big table (no scan of a
whole table, no sort, hash or bitmap of so many rows), and PostgreSQL expects it to cost at most
half of reading that table once. Walking the index of the order past rows that do not match is in
order as long as that is expected to end soon; where the expectation is wrong, the statement
timeout ends it. An index that is asked for its second column and not for its first is read from
beginning to end, and so is a fault by itself.

A count reads what it counts: one of more than one in twenty of the rows cannot stop, and is bounded
by the statement timeout; one of fewer has to stop as a list does.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import event

from tests.scale.filling import BIG
from tests.scale.questions import Question
from windlass_services.storage.database import Connection

ROWS_AT_MOST: Final = max(BIG.values()) // 20
_BIG: Final = re.compile(rf"({'|'.join(BIG)})(_default|_\d{{8}})?")
_COUNTS: Final = re.compile(r"\b(count|sum)\(")
_COST_OF_A_ROW: Final = 5
"""What PostgreSQL expects of a row that an index finds anywhere in the table."""
_TAKES_ALL_IN: Final = ("Sort", "Hash", "HashAggregate", "Bitmap", "Materialize", "Memoize")


@dataclass(frozen=True, slots=True)
class Costs:
    """What is known of the database, to judge plans by."""

    of_reading: Mapping[str, float]
    """Of each big table: what reading all of it costs."""
    long: frozenset[str]
    """Tables and partitions with more rows than any part of a plan may take in."""
    first_columns: Mapping[str, str]
    """Of each index that is a tree, partitions included."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What PostgreSQL would do for one statement."""

    statement: str
    tree: Mapping[str, Any]

    def faults(self, costs: Costs, *, is_count: bool) -> list[str]:
        """Why this does not stop on an index; nothing if it does."""
        most = max((costs.of_reading[name] / 2 for name in self._big_tables()), default=None)
        if is_count:
            counted = self.tree["Plans"][0]["Plan Rows"]
            if counted > ROWS_AT_MOST:
                return []
            most = most and max(most, _COST_OF_A_ROW * counted)
        found = [*self._greedy(costs), *self._walked(costs)]
        if most is not None and self.tree["Total Cost"] > most:
            found.append(f"costs {self.tree['Total Cost']:.0f} where {most:.0f} is enough")
        return found

    def _big_tables(self) -> set[str]:
        return {of[1] for node in _nodes(self.tree) if (of := _big(node))}

    def _greedy(self, costs: Costs) -> Iterator[str]:
        for node in _nodes(self.tree):
            kind, rows = node["Node Type"], node["Plan Rows"]
            if kind == "Seq Scan" and node["Relation Name"] in costs.long:
                yield f"reads all of {node['Relation Name']}"
            elif rows > ROWS_AT_MOST and kind.startswith(_TAKES_ALL_IN):
                yield f"{kind} of {rows} rows"

    def _walked(self, costs: Costs) -> Iterator[str]:
        for node in _nodes(self.tree):
            column = costs.first_columns.get(node.get("Index Name", ""))
            if (of := _big(node)) and of[2] and of[0] not in costs.long:
                continue  # of a day that has just begun there is little to walk over
            if column and not re.search(rf"\b{column}\b", node.get("Index Cond", column)):
                yield f"walks {node['Index Name']} and does not ask for its {column}"

    def __str__(self) -> str:
        return "\n".join(_shown(self.tree, 0))


class _Seen(Exception):
    """The list or the count was explained: nobody needs its answer."""


async def plans_of(connection: Connection, question: Question) -> list[Plan]:
    """The plans of what storage executes for a question, up to the list or the count itself."""
    plans: list[Plan] = []

    def explain(on: sa.Connection, _c: Any, statement: str, values: Any, *_: Any) -> None:
        cursor = on.connection.cursor()
        cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", values)
        explained: Any = cursor.fetchone()
        plans.append(Plan(statement, explained[0][0]["Plan"]))
        if "LIMIT" in statement or (question.sort is None and _COUNTS.search(statement)):
            raise _Seen

    listening = connection.sync_connection
    assert listening is not None
    event.listen(listening, "before_cursor_execute", explain)
    try:
        await question.ask(connection)
    except _Seen:
        pass
    finally:
        event.remove(listening, "before_cursor_execute", explain)
    return plans


async def read_costs(connection: Connection) -> Costs:
    """Of a database that is filled and analysed."""
    of_reading: dict[str, float] = {}
    for table in BIG:
        explained = await connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) SELECT * FROM {table}")
        of_reading[table] = explained.scalar_one()[0]["Plan"]["Total Cost"]
    long = await connection.scalars(
        sa.text("SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples > :rows"),
        {"rows": ROWS_AT_MOST},
    )
    first_columns = await connection.execute(
        sa.text(
            "SELECT c.relname, pg_get_indexdef(c.oid, 1, true) FROM pg_class c"
            " JOIN pg_am a ON a.oid = c.relam WHERE c.relkind IN ('i', 'I') AND a.amname = 'btree'"
            " AND pg_get_indexdef(c.oid, 1, true) ~ '^[a-z_]+$'"
        )
    )
    return Costs(of_reading, frozenset(long), {name: column for name, column in first_columns})


def _nodes(tree: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield tree
    for child in tree.get("Plans", ()):
        yield from _nodes(child)


def _big(node: Mapping[str, Any]) -> re.Match[str] | None:
    return _BIG.fullmatch(node.get("Relation Name", ""))


def _shown(node: Mapping[str, Any], depth: int) -> Iterator[str]:
    details = " | ".join(str(node[key]) for key in _SHOWN if key in node)
    yield f"{'  ' * depth}{details} | {node['Plan Rows']} rows, cost {node['Total Cost']}"
    for child in node.get("Plans", ()):
        yield from _shown(child, depth + 1)


_SHOWN: Final = ("Node Type", "Relation Name", "Index Name", "Index Cond", "Filter")
