"""Renewing leases on PostgreSQL: one statement for every renewal of a batch."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from pydantic_core import from_json

from windlass.schemas.executions import Intent
from windlass.schemas.states import TERMINAL_STATES
from windlass_services.runtime.batching import Answers
from windlass_services.storage.hot.leases import intent_of
from windlass_services.storage.hot.postgres_pool import PostgresPool, until_won
from windlass_services.storage.hot.protocol import Renewal, RenewalOutcome
from windlass_services.storage.json_text import text_without_nul
from windlass_services.storage.scope import Scope

RenewalRequest: TypeAlias = tuple[Scope, Sequence[Renewal], datetime, timedelta]


class PostgresLeases:
    """Batches of renewals."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool

    async def renew(self, requests: Sequence[RenewalRequest]) -> Answers[list[RenewalOutcome]]:
        """One batch of `HotOperations.renew`."""
        return await until_won(lambda: self._renew(requests))

    async def _renew(self, requests: Sequence[RenewalRequest]) -> Answers[list[RenewalOutcome]]:
        expiring = {
            (scope.workspace_id, renewal.execution_id): now + lease
            for scope, renewals, now, lease in requests
            for renewal in renewals
        }
        async with self._pool.statements() as connection:
            rows = await connection.fetch(
                _RENEW,
                [workspace_id for workspace_id, _ in expiring],
                [text_without_nul(execution_id) for _, execution_id in expiring],
                list(expiring.values()),
            )
        intents = {
            (workspace_id, execution_id): intent_of(
                state_type, details and from_json(details), is_live=is_live
            )
            for workspace_id, execution_id, state_type, details, is_live in rows
        }
        return [
            [
                RenewalOutcome(
                    renewal.execution_id,
                    intents.get((scope.workspace_id, renewal.execution_id), Intent.STOP),
                )
                for renewal in renewals
            ]
            for scope, renewals, _, _ in requests
        ]


_FINAL: Final = ", ".join(f"'{state}'" for state in sorted(TERMINAL_STATES))
# Executions are locked in the order of ids, as in transitions: neither waits in a circle.
_RENEW: Final = (
    "WITH newest AS (SELECT e.id, e.workspace_id, v.expires_at, r.state_type, r.state_details,"
    " e.ended_at IS NULL AS is_live"
    " FROM unnest($1::UUID[], $2::TEXT[], $3::TIMESTAMPTZ[]) AS v(workspace_id, id, expires_at)"
    " JOIN execution e ON e.id = v.id AND e.workspace_id = v.workspace_id"
    " JOIN flow_run r ON r.id = e.flow_run_id AND r.execution_id = e.id"
    " ORDER BY e.id FOR NO KEY UPDATE OF e),"
    " renewed AS (UPDATE execution e SET leased = true, lease_expires_at = n.expires_at"
    f" FROM newest n WHERE e.id = n.id AND n.is_live AND n.state_type NOT IN ({_FINAL}))"
    " SELECT workspace_id, id, state_type, state_details, is_live FROM newest"
)
