"""Events and logs on PostgreSQL: one insert for every call of a batch."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import sqlalchemy as sa

from windlass_services.runtime.batching import Answers
from windlass_services.storage.hot.codec import encoded_columns
from windlass_services.storage.hot.postgres_pool import PostgresPool, until_won
from windlass_services.storage.hot.postgres_statements import history_insert
from windlass_services.storage.scope import Scope

HistoryRequest: TypeAlias = tuple[Scope, Sequence[Mapping[str, Any]]]
"""Rows by column, all but the workspace."""


class PostgresHistory:
    """Batches of rows for one table whose key is (day, id)."""

    def __init__(self, pool: PostgresPool, table: sa.Table) -> None:
        self._pool = pool
        self._fields, self._insert = history_insert(table)

    async def insert(self, requests: Sequence[HistoryRequest]) -> Answers[int]:
        """Insert what is new; how many that was for each request."""
        return await until_won(lambda: self._insert_new(requests))

    async def _insert_new(self, requests: Sequence[HistoryRequest]) -> Answers[int]:
        rows = [
            {**row, "workspace_id": scope.workspace_id}
            for scope, of_request in requests
            for row in of_request
        ]
        # In one order everywhere: two batches with the same rows must not wait in a circle.
        rows.sort(key=lambda row: (row["day"], row["id"]))
        async with self._pool.statements() as connection:
            inserted = await connection.fetch(self._insert, *encoded_columns(self._fields, rows))
        new = {id for (id,) in inserted}
        answers: list[int] = []
        for _, of_request in requests:
            ids = {row["id"] for row in of_request} & new
            answers.append(len(ids))
            new -= ids
        return answers
