"""The flows that new runs name, read a batch at a time."""

from collections.abc import Sequence
from typing import Final, TypeAlias
from uuid import UUID

from windlass.schemas.flows import Flow
from windlass_services.runtime.batching import Answers
from windlass_services.storage.flows import flow_from_row, no_flow
from windlass_services.storage.hot.codec import decoded, postgres_fields
from windlass_services.storage.hot.postgres_pool import PostgresPool
from windlass_services.storage.hot.queries import flows_query
from windlass_services.storage.scope import Scope

FlowAsked: TypeAlias = tuple[Scope, UUID]


class PostgresFlows:
    """Batches of reads."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def read(self, requests: Sequence[FlowAsked]) -> Answers[Flow]:
        """One batch of `HotOperations.read_flow`."""
        async with self._pool.statements() as connection:
            found = await connection.fetch(_READ, list({id for _, id in requests}))
        rows = [decoded(_FLOWS.fields, values) for values in found]
        flows = {(row["workspace_id"], row["id"]): flow_from_row(row) for row in rows}
        return [flows.get((scope.workspace_id, id)) or no_flow(id) for scope, id in requests]


_FLOWS: Final = flows_query(postgres_fields)
_READ: Final = f"{_FLOWS.text} WHERE f.id = ANY($1::UUID[])"
