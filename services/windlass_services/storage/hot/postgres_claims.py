"""Handing due runs to workers, and renewing their leases, on PostgreSQL.

Locks in the one order there is: pool and queues (only where they have limits), deployments (only
limited ones), runs. Runs that somebody else holds are passed over, never waited for.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Final, TypeAlias
from uuid import UUID

from windlass.clock import Clock
from windlass.exceptions import ObjectNotFound
from windlass.ids import uuid7
from windlass.schemas.executions import ClaimedRun
from windlass_services.runtime.batching import Answers
from windlass_services.storage.catch_up import is_skipped
from windlass_services.storage.hot.claims import (
    MOST_REFUSED,
    PoolTerms,
    QueueTerms,
    Room,
    claim_proposal,
    full_until,
    is_taken,
    on_terms_of,
    room_in,
)
from windlass_services.storage.hot.codec import decoded, postgres_fields
from windlass_services.storage.hot.decide import Slots, decide, needs_deployment_lock
from windlass_services.storage.hot.line import IN_LINE, OUT_OF_LINE
from windlass_services.storage.hot.postgres_line import hold_back, line_up, lock_deployments
from windlass_services.storage.hot.postgres_pool import Connection, PostgresPool, until_won
from windlass_services.storage.hot.postgres_runs import read_facts, write_transitions
from windlass_services.storage.hot.protocol import Claim, Govern
from windlass_services.storage.hot.queries import claimed_query, claimed_run_from_row
from windlass_services.storage.hot.writes import TransitionWrites, writes_of
from windlass_services.storage.scope import Scope

ClaimRequest: TypeAlias = tuple[Scope, Claim]

_SPARE: Final = 20
"""How many more candidates are looked at than wanted, for those that other claims hold."""
_MORE_SPARE: Final = 8
"""By how much that grows when it was not enough."""


@dataclass(slots=True)
class _Progress:
    """What a claim has done so far; each round is a transaction of its own."""

    taken: int = 0
    decided: set[UUID] = field(default_factory=set[UUID])
    spare: int = _SPARE
    lined_up: bool = False
    is_over: bool = False

    @property
    def refused(self) -> int:
        return len(self.decided) - self.taken


class PostgresClaims:
    """Claims of runs."""

    def __init__(self, pool: PostgresPool, govern: Govern, clock: Clock) -> None:
        self._pool = pool
        self._govern = govern
        self._clock = clock

    async def claim(self, requests: Sequence[ClaimRequest]) -> Answers[list[ClaimedRun]]:
        """See `HotOperations.claim`."""
        return [await self._claim(scope, claim) for scope, claim in requests]

    async def next_due(self, work_pool_ids: Collection[UUID]) -> datetime | None:
        """See `HotOperations.next_due`."""
        async with self._pool.statements() as connection:
            return await connection.fetchval(_NEXT_DUE, list(work_pool_ids))

    async def line_up(self, work_queue_ids: Collection[UUID], due_before: datetime) -> None:
        """See `HotOperations.line_up`."""
        async with self._pool.transaction() as connection:
            await line_up(connection, work_queue_ids, due_before, self._clock())

    async def _claim(self, scope: Scope, claim: Claim) -> list[ClaimedRun]:
        progress = _Progress()
        claimed: list[ClaimedRun] = []
        while not progress.is_over:
            round = partial(self._round, scope, claim, progress)
            progress, so_far = await until_won(round)
            claimed = so_far or claimed
        return claimed

    async def _round(
        self, scope: Scope, claim: Claim, before: _Progress
    ) -> tuple[_Progress, list[ClaimedRun]]:
        """One transaction; answers with all that the claim has taken so far, if it took more."""
        async with self._pool.transaction(_lock_request(claim)) as connection:
            pool = await _read_pool(connection, scope, claim)
            if pool.answered and not before.taken:
                return _Progress(is_over=True), await self._read_claimed(connection, claim)
            if before.lined_up or not pool.arrived:
                after = await self._take(connection, scope, claim, pool, before)
                took = after.taken > before.taken
                return after, await self._read_claimed(connection, claim) if took else []
        await self.line_up(pool.arrived, claim.due_before)
        return replace(before, lined_up=True), []

    async def _take(
        self,
        connection: Connection,
        scope: Scope,
        claim: Claim,
        pool: PoolTerms,
        before: _Progress,
    ) -> _Progress:
        wanted = claim.limit - before.taken
        room = room_in(pool, await _lock_and_count(connection, claim, pool), wanted)
        most = room.total + before.spare
        candidates = await _peek(connection, claim, room, before, most, self._clock())
        limited = {deployment for _, deployment in candidates if deployment is not None}
        if limited:
            await lock_deployments(connection, limited)
        ids = [id for id, _ in candidates]
        held = [id for (id,) in await connection.fetch(_HOLD, ids, room.total)] if ids else []
        full: dict[UUID, datetime] = {}
        decided, taken = await self._decide(connection, scope, claim, held, limited, full)
        if full:
            queues = [queue.id for queue in pool.queues]
            await hold_back(connection, queues, full)
        refused = len(decided) - taken
        is_cut = len(candidates) == most
        after = _Progress(
            taken=before.taken + taken,
            decided=before.decided | decided,
            spare=before.spare if refused else before.spare * _MORE_SPARE,
            lined_up=before.lined_up,
        )
        after.is_over = (
            taken >= room.total
            or after.refused >= MOST_REFUSED
            or not (is_cut or (refused > 0 and len(candidates) > len(decided)))
        )
        return after

    async def _decide(
        self,
        connection: Connection,
        scope: Scope,
        claim: Claim,
        held: Sequence[UUID],
        locked: Collection[UUID],
        full: dict[UUID, datetime],
    ) -> tuple[set[UUID], int]:
        """Decide on the runs that are held, and write it; answers which, and how many go.

        Notes in `full` which deployments have no slot, and until when: no more of their runs are
        tried.
        """
        if not held:
            return set(), 0
        facts = await read_facts(connection, held)
        now = self._clock()
        slots = Slots()
        taken = 0
        writes: list[TransitionWrites] = []
        for id in held:
            run = slots.as_of_now(facts[scope.workspace_id, id])
            if run.deployment_id in full:
                continue
            proposal = claim_proposal(claim, id, now)
            if needs_deployment_lock(run, proposal) and (
                run.deployment is None or run.deployment.id not in locked
            ):
                continue  # limited since it was looked at: the next claim takes it
            decision = on_terms_of(claim, run, decide(run, proposal, now, self._govern), now)
            write = writes_of(scope, run, proposal, decision, now=now, new_id=uuid7)
            if write is not None:
                writes.append(write)
                slots.note(run, decision)
            until = full_until(decision)
            if run.deployment_id is not None and until is not None:
                full[run.deployment_id] = until
            taken += is_taken(decision)
        await write_transitions(connection, writes)
        return set(held), taken

    async def _read_claimed(self, connection: Connection, claim: Claim) -> list[ClaimedRun]:
        rows = await connection.fetch(_READ_CLAIMED, claim.request_id, claim.work_pool_id)
        now = self._clock()
        return [
            claimed_run_from_row(decoded(_CLAIMED.fields, row), claim.lease, now) for row in rows
        ]


def _lock_request(claim: Claim) -> str:
    """A repeated claim that overtakes the first one waits for it, on whatever replica."""
    key = int.from_bytes(claim.request_id.bytes[-8:], signed=True)
    return f"SELECT pg_advisory_xact_lock({key})"


async def _read_pool(connection: Connection, scope: Scope, claim: Claim) -> PoolTerms:
    rows = await connection.fetch(
        _READ_POOL, claim.work_pool_id, claim.request_id, scope.workspace_id, claim.due_before
    )
    if not rows:
        raise ObjectNotFound(f"There is no work pool with the id {claim.work_pool_id}.")
    asked = claim.work_queue_ids
    open_queues = [
        row
        for row in rows
        if row["queue_id"] is not None
        and not row["is_paused"]
        and (asked is None or row["queue_id"] in asked)
    ]
    return PoolTerms(
        rows[0]["concurrency_limit"],
        tuple(
            QueueTerms(row["queue_id"], row["priority"], row["queue_limit"]) for row in open_queues
        ),
        rows[0]["answered"],
        tuple(row["queue_id"] for row in open_queues if row["arrived"]),
    )


async def _lock_and_count(
    connection: Connection, claim: Claim, pool: PoolTerms
) -> dict[UUID | None, int]:
    """The live executions of the pool by queue; not counted where there is no limit."""
    if not pool.has_limits:
        return {}
    if pool.concurrency_limit is not None:
        await connection.fetch(_LOCK_POOL, claim.work_pool_id)
    if pool.limited_queues:
        await connection.fetch(_LOCK_QUEUES, [queue.id for queue in pool.limited_queues])
    return {queue: count for queue, count in await connection.fetch(_COUNT, claim.work_pool_id)}


async def _peek(
    connection: Connection,
    claim: Claim,
    room: Room,
    before: _Progress,
    most: int,
    now: datetime,
) -> list[tuple[UUID, UUID | None]]:
    """The first candidates in order, each with its deployment if that is limited."""
    if not room.of_queue or not room.total:
        return []
    queues = [queue for queue, _ in room.of_queue]
    asked = (
        [queue.id for queue in queues],
        [queue.priority for queue in queues],
        # Nobody else takes from a limited queue while it is locked: what it has room for will do.
        [most if queue.concurrency_limit is None else room for queue, room in room.of_queue],
        claim.due_before,
        list(before.decided),
        most,
    )
    rows = await connection.fetch(_PEEK, *asked)
    # Even planning the policies takes longer than the rest: only where there are any.
    if any(has_policy for *_, has_policy in rows):
        rows = await connection.fetch(_PEEK_WANTED, *asked, now, now - claim.late_after)
    return [(id, deployment) for id, deployment, _ in rows]


_READ_POOL: Final = (
    "SELECT p.is_paused, p.concurrency_limit, q.id AS queue_id, q.priority,"
    " q.concurrency_limit AS queue_limit,"
    " EXISTS (SELECT 1 FROM execution WHERE request_id = $2) AS answered,"
    " EXISTS (SELECT 1 FROM dispatchable WHERE work_queue_id = q.id AND due_at <= $4"
    f" AND {OUT_OF_LINE}) AS arrived"
    " FROM work_pool p LEFT JOIN work_queue q ON q.work_pool_id = p.id AND NOT q.is_paused"
    " WHERE p.id = $1 AND p.workspace_id = $3"
)
_LOCK_POOL: Final = "SELECT id FROM work_pool WHERE id = $1 FOR NO KEY UPDATE"
_LOCK_QUEUES: Final = (
    "SELECT id FROM work_queue WHERE id = ANY($1::UUID[]) ORDER BY id FOR NO KEY UPDATE"
)
_COUNT: Final = (
    "SELECT work_queue_id, count(*) FROM execution"
    " WHERE work_pool_id = $1 AND ended_at IS NULL GROUP BY work_queue_id"
)
_PEEK_FORMAT: Final = (
    "SELECT c.flow_run_id, CASE WHEN l.concurrency_limit IS NOT NULL THEN l.id END,"
    " l.catch_up IS NOT NULL FROM unnest($1::UUID[], $2::INT[], $3::INT[])"
    " AS q(id, priority, most) CROSS JOIN LATERAL ("
    "SELECT flow_run_id, deployment_id, run_priority, rank FROM dispatchable"
    f" WHERE work_queue_id = q.id AND {IN_LINE} AND due_at <= $4"
    " AND flow_run_id <> ALL($5::UUID[])"
    "{and_wanted}"
    " ORDER BY run_priority, rank LIMIT q.most) c"
    " LEFT JOIN deployment l ON l.id = c.deployment_id"
    " AND (l.concurrency_limit IS NOT NULL OR l.catch_up IS NOT NULL)"
    " ORDER BY q.priority, c.run_priority, c.rank LIMIT $6"
)
_PEEK: Final = _PEEK_FORMAT.format(and_wanted="")
_IS_SKIPPED: Final = is_skipped(
    "dispatchable.flow_run_id",
    "dispatchable.deployment_id",
    now="$7::TIMESTAMPTZ",
    late_before="$8::TIMESTAMPTZ",
)
_PEEK_WANTED: Final = _PEEK_FORMAT.format(and_wanted=f" AND {_IS_SKIPPED} IS NOT TRUE")
_HOLD: Final = (
    "SELECT d.flow_run_id FROM unnest($1::UUID[]) WITH ORDINALITY AS c(id, place)"
    " JOIN dispatchable d ON d.flow_run_id = c.id JOIN flow_run r ON r.id = c.id"
    " ORDER BY c.place LIMIT $2 FOR NO KEY UPDATE OF d, r SKIP LOCKED"
)
_CLAIMED: Final = claimed_query(postgres_fields)
_READ_CLAIMED: Final = (
    f"{_CLAIMED.text} WHERE e.request_id = $1 AND e.work_pool_id = $2 AND e.ended_at IS NULL"
    " ORDER BY q.priority, r.run_priority, r.expected_start_time, r.id"
)
_NEXT_DUE: Final = (
    "SELECT min(d.due_at) FROM work_pool p JOIN work_queue q ON q.work_pool_id = p.id"
    " CROSS JOIN LATERAL (SELECT due_at FROM dispatchable WHERE work_queue_id = q.id"
    " ORDER BY due_at LIMIT 1) d"
    " WHERE p.id = ANY($1::UUID[]) AND NOT p.is_paused AND NOT q.is_paused"
)
