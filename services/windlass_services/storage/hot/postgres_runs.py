"""Creating flow runs and moving them between states, on PostgreSQL, a batch at a time.

A batch is a constant number of round trips: BEGIN, the locks (limited deployments, then runs), the
facts, one statement that writes it all, COMMIT; one more where slots of limited deployments become
free.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias
from uuid import UUID

from windlass.clock import Clock
from windlass.exceptions import ObjectNotFound
from windlass.ids import uuid7
from windlass_services.runtime.batching import Answers
from windlass_services.storage.flow_run_rows import flow_run_from_row
from windlass_services.storage.hot.codec import decoded, postgres_fields
from windlass_services.storage.hot.decide import (
    Slots,
    decide,
    facts_from_row,
    may_take_slot,
    needs_deployment_lock,
    outcome_of,
)
from windlass_services.storage.hot.facts import FlowRunFacts, FlowRunTransition
from windlass_services.storage.hot.postgres_line import let_in
from windlass_services.storage.hot.postgres_pool import (
    Connection,
    LostRace,
    PostgresPool,
    until_won,
)
from windlass_services.storage.hot.postgres_statements import (
    ANNOUNCE_PASSED,
    CREATE_RUNS,
    TEAR_DOWN,
    WRITE_TRANSITIONS,
    creation_arguments,
    passed_arguments,
    transition_arguments,
)
from windlass_services.storage.hot.protocol import (
    CreatedFlowRun,
    Govern,
    NewFlowRun,
    TransitionOutcome,
)
from windlass_services.storage.hot.queries import facts_query, flow_runs_query
from windlass_services.storage.hot.writes import (
    CreationWrites,
    TransitionWrites,
    created_run,
    creation_writes,
    writes_of,
)
from windlass_services.storage.json_text import text_without_nul
from windlass_services.storage.scope import Scope

Creation: TypeAlias = tuple[Scope, Sequence[NewFlowRun]]
Proposed: TypeAlias = tuple[Scope, FlowRunTransition]


class PostgresRuns:
    """Batches of creations and of transitions."""

    def __init__(self, pool: PostgresPool, govern: Govern, clock: Clock) -> None:
        self._pool = pool
        self._govern = govern
        self._clock = clock

    async def create(self, requests: Sequence[Creation]) -> Answers[list[CreatedFlowRun]]:
        """One batch of `HotOperations.create_flow_runs`."""
        return await until_won(lambda: self._create(requests))

    async def transition(self, requests: Sequence[Proposed]) -> Answers[TransitionOutcome]:
        """One batch of `HotOperations.transition`, of different runs."""
        return await until_won(lambda: self._transition(requests))

    async def _create(self, requests: Sequence[Creation]) -> Answers[list[CreatedFlowRun]]:
        now = self._clock()
        writes = [
            [creation_writes(scope, new, now=now, outbox_id=uuid7()) for new in runs]
            for scope, runs in requests
        ]
        flat = [write for of_request in writes for write in of_request]
        unique = {write.run["id"]: write for write in reversed(flat)}
        async with self._pool.transaction() as connection:
            # In one order everywhere: two batches with the same keys must not wait in a circle.
            ordered = sorted(unique.values(), key=_idempotency)
            rows = await connection.fetch(CREATE_RUNS, *creation_arguments(ordered))
            fresh = {id(unique[run_id]) for (run_id,) in rows}
            stored = _Stored([write for write in flat if id(write) not in fresh])
            await stored.read(connection)
        return [
            [
                CreatedFlowRun(created_run(new, write), created=True)
                if id(write) in fresh
                else CreatedFlowRun(flow_run_from_row(stored.row_of(write), now), created=False)
                for new, write in zip(runs, of_request, strict=True)
            ]
            for (_, runs), of_request in zip(requests, writes, strict=True)
        ]

    async def _transition(self, requests: Sequence[Proposed]) -> Answers[TransitionOutcome]:
        ids = [proposal.flow_run_id for _, proposal in requests]
        answers: list[TransitionOutcome | Exception] = []
        writes: list[TransitionWrites] = []
        slots = Slots()
        async with self._pool.transaction() as connection:
            locked = await self._lock(connection, requests, ids)
            facts = await read_facts(connection, ids)
            for scope, proposal in requests:
                run = facts.get((scope.workspace_id, proposal.flow_run_id))
                if run and needs_deployment_lock(run, proposal) and _limited(run) not in locked:
                    raise LostRace("The deployment was limited, or the execution ended, just now.")
                try:
                    answers.append(self._decided(scope, run, proposal, slots, writes))
                except Exception as error:  # of this proposal, and no other
                    answers.append(error)
            await write_transitions(connection, writes)
        return answers

    async def _lock(
        self, connection: Connection, requests: Sequence[Proposed], ids: Sequence[UUID]
    ) -> set[UUID]:
        """Lock limited deployments, then runs; the facts come later, from a snapshot after it."""
        locked: set[UUID] = set()
        taking = [
            proposal.flow_run_id for _, proposal in requests if may_take_slot(proposal.proposed)
        ]
        if taking:
            locked = {id for (id,) in await connection.fetch(_LOCK_DEPLOYMENTS, taking)}
        await connection.fetch(_LOCK_RUNS, ids)
        return locked

    def _decided(
        self,
        scope: Scope,
        run: FlowRunFacts | None,
        proposal: FlowRunTransition,
        slots: Slots,
        writes: list[TransitionWrites],
    ) -> TransitionOutcome:
        if run is None:
            raise ObjectNotFound(f"There is no flow run with the id {proposal.flow_run_id}.")
        now = self._clock()
        decision = decide(slots.as_of_now(run), proposal, now, self._govern)
        write = writes_of(scope, run, proposal, decision, now=now, new_id=uuid7)
        if write is not None:
            writes.append(write)
            slots.note(run, decision)
        return outcome_of(run, decision)


async def read_facts(
    connection: Connection, ids: Collection[UUID]
) -> dict[tuple[UUID, UUID], FlowRunFacts]:
    """Facts by workspace and run. Not in the statement that locks the runs: after a wait that
    one sees the new version of a run beside the old version of its execution."""
    rows = [decoded(_FACTS.fields, row) for row in await connection.fetch(_READ_FACTS, ids)]
    return {(row["workspace_id"], row["id"]): facts_from_row(row) for row in rows}


async def write_transitions(connection: Connection, writes: Sequence[TransitionWrites]) -> None:
    """Write them all. Raises `LostRace` when a run is not in the state that was seen."""
    if not writes:
        return
    written = await connection.fetchval(WRITE_TRANSITIONS, *transition_arguments(writes))
    if written != len(writes):
        raise LostRace("A flow run changed under its lock.")
    if any(write.passed for write in writes):
        await connection.execute(ANNOUNCE_PASSED, *passed_arguments(writes))
    now: datetime = writes[0].run["updated"]
    if orphaned := [id for write in writes for id in write.orphaned]:
        await connection.fetch(TEAR_DOWN, orphaned, now)
    if freed := Counter(write.freed for write in writes if write.freed is not None):
        await let_in(connection, freed, now)


class _Stored:
    """The runs that were there before, found by id or by idempotency key."""

    def __init__(self, writes: Sequence[CreationWrites]) -> None:
        self._writes = writes
        self._rows: dict[Any, dict[str, Any]] = {}

    async def read(self, connection: Connection) -> None:
        """Raises `LostRace` when one that was in the way is gone."""
        if not self._writes:
            return
        keys = zip(*(_idempotency(write) for write in self._writes), strict=True)
        for values in await connection.fetch(_READ_EXISTING, *keys):
            row = decoded(_FLOW_RUNS.fields, values)
            self._rows[row["id"]] = row
            self._rows[row["workspace_id"], row["flow_id"], row["idempotency_key"]] = row
        if not all(self._found(write) for write in self._writes):
            raise LostRace("The flow run that was in the way is gone.")

    def row_of(self, write: CreationWrites) -> dict[str, Any]:
        """The row that was there in place of this one."""
        row = self._found(write)
        assert row is not None
        return row

    def _found(self, write: CreationWrites) -> dict[str, Any] | None:
        *key, id = _idempotency(write)
        return self._rows.get(tuple(key)) or self._rows.get(id)


def _idempotency(write: CreationWrites) -> tuple[UUID, UUID, str, UUID]:
    row = write.run
    key = text_without_nul(row["idempotency_key"] or "")
    return row["workspace_id"], row["flow_id"], key, row["id"]


def _limited(run: FlowRunFacts) -> UUID | None:
    return run.deployment.id if run.deployment else None


_LOCK_DEPLOYMENTS: Final = (
    "SELECT d.id FROM deployment d WHERE d.concurrency_limit IS NOT NULL AND d.id IN ("
    "SELECT r.deployment_id FROM flow_run r WHERE r.id = ANY($1::UUID[]) AND NOT EXISTS ("
    "SELECT 1 FROM execution e WHERE e.id = r.execution_id AND e.ended_at IS NULL))"
    " ORDER BY d.id FOR NO KEY UPDATE"
)
_LOCK_RUNS: Final = (
    "SELECT id FROM flow_run WHERE id = ANY($1::UUID[]) ORDER BY id FOR NO KEY UPDATE"
)
_FACTS: Final = facts_query(postgres_fields)
_READ_FACTS: Final = f"{_FACTS.text} WHERE r.id = ANY($1::UUID[])"
_FLOW_RUNS: Final = flow_runs_query(postgres_fields)
_READ_EXISTING: Final = (
    f"{_FLOW_RUNS.text} WHERE r.id IN (SELECT x.id FROM unnest($4::UUID[]) AS x(id) UNION ALL"
    " SELECT x.id FROM unnest($1::UUID[], $2::UUID[], $3::TEXT[])"
    " AS k(workspace_id, flow_id, idempotency_key)"
    " JOIN flow_run x USING (workspace_id, flow_id, idempotency_key))"
)
