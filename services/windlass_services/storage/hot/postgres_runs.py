"""Creating flow runs and moving them between states, on PostgreSQL, a batch at a time.

A batch is a constant number of round trips. Most transitions concern nobody else: the facts, and
one statement that writes all of it where the run is still as it was seen. Where slots are counted,
infrastructure is left behind, or somebody else was faster, there are locks: BEGIN, the locks
(limited deployments, then runs), the facts, the writes, COMMIT.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from contextlib import suppress
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
    TEAR_DOWN,
    creating,
    passed_arguments,
    transitioning,
    version_of,
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
        now = self._clock()
        writes = [
            [creation_writes(scope, new, now=now, outbox_id=uuid7()) for new in runs]
            for scope, runs in requests
        ]
        fresh, stored = await self._create([write for some in writes for write in some])
        return [
            [
                CreatedFlowRun(created_run(new, write), created=True)
                if id(write) in fresh
                else CreatedFlowRun(flow_run_from_row(stored.row_of(write), now), created=False)
                for new, write in zip(runs, of_request, strict=True)
            ]
            for (_, runs), of_request in zip(requests, writes, strict=True)
        ]

    async def transition(self, requests: Sequence[Proposed]) -> Answers[TransitionOutcome]:
        """One batch of `HotOperations.transition`, of different runs."""
        answers: list[TransitionOutcome | Exception | None] = [None] * len(requests)
        with suppress(LostRace):
            answers = await self._transition_unlocked(requests)
        left = [number for number, answer in enumerate(answers) if answer is None]
        if left:
            some = [requests[number] for number in left]
            locked = await until_won(lambda: self._transition_locked(some))
            for number, answer in zip(left, locked, strict=True):
                answers[number] = answer
        return [answer for answer in answers if answer is not None]

    async def _create(self, writes: Sequence[CreationWrites]) -> tuple[set[int], "_Stored"]:
        """The ids of the writes that are new, and what was there in place of the others."""
        fresh: set[int] = set()

        async def attempt() -> _Stored:
            left = [write for write in writes if id(write) not in fresh]
            unique = {write.run["id"]: write for write in reversed(left)}
            async with self._pool.statements() as connection:
                # In one order everywhere: batches with the same keys must not wait in a circle.
                ordered = sorted(unique.values(), key=_idempotency)
                statement, arrays = creating(ordered)
                rows = await connection.fetch(statement, *arrays)
            fresh.update(id(unique[run_id]) for (run_id,) in rows)
            stored = _Stored([write for write in left if id(write) not in fresh])
            if stored.is_asked_for:
                async with self._pool.statements() as connection:
                    await stored.read(connection)
            return stored

        stored = await until_won(attempt)
        return fresh, stored

    async def _transition_unlocked(
        self, requests: Sequence[Proposed]
    ) -> list[TransitionOutcome | Exception | None]:
        """What is decided and written without locks; None for what needs them."""
        answers: list[TransitionOutcome | Exception | None] = [None] * len(requests)
        writes: dict[UUID, tuple[int, TransitionWrites]] = {}
        async with self._pool.statements() as connection:
            facts = await read_facts(connection, [asked.flow_run_id for _, asked in requests])
            for number, (scope, proposal) in enumerate(requests):
                run = facts.get((scope.workspace_id, proposal.flow_run_id))
                if run and needs_deployment_lock(run, proposal):
                    continue
                try:
                    answers[number], write = self._decided(scope, run, proposal, Slots())
                except Exception as error:  # of this proposal, and no other
                    answers[number] = error
                    continue
                if write is not None:
                    writes[proposal.flow_run_id] = number, write
            alone = [write for _, write in writes.values() if write.is_all]
            written = await _write_alone(connection, alone)
        for id, (number, _) in writes.items():
            if id not in written:
                answers[number] = None
        return answers

    async def _transition_locked(self, requests: Sequence[Proposed]) -> Answers[TransitionOutcome]:
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
                    outcome, write = self._decided(scope, run, proposal, slots)
                except Exception as error:  # of this proposal, and no other
                    answers.append(error)
                    continue
                answers.append(outcome)
                if write is not None:
                    writes.append(write)
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
        self, scope: Scope, run: FlowRunFacts | None, proposal: FlowRunTransition, slots: Slots
    ) -> tuple[TransitionOutcome, TransitionWrites | None]:
        if run is None:
            raise ObjectNotFound(f"There is no flow run with the id {proposal.flow_run_id}.")
        now = self._clock()
        decision = decide(slots.as_of_now(run), proposal, now, self._govern)
        write = writes_of(scope, run, proposal, decision, now=now, new_id=uuid7)
        if write is not None:
            slots.note(run, decision)
        return outcome_of(run, decision), write


async def read_facts(
    connection: Connection, ids: Collection[UUID]
) -> dict[tuple[UUID, UUID], FlowRunFacts]:
    """Facts by workspace and run. Not in the statement that locks the runs: after a wait that
    one sees the new version of a run beside the old version of its execution."""
    rows = [decoded(_FACTS.fields, row) for row in await connection.fetch(_READ_FACTS, ids)]
    return {(row["workspace_id"], row["id"]): facts_from_row(row) for row in rows}


async def write_transitions(connection: Connection, writes: Sequence[TransitionWrites]) -> None:
    """Write them all. Raises `LostRace` when a run is not as it was seen."""
    if not writes:
        return
    statement, arrays = transitioning(writes)
    written = await connection.fetch(statement, *arrays)
    if len(written) != len(writes):
        raise LostRace("A flow run changed under its lock.")
    if any(write.passed for write in writes):
        await connection.execute(ANNOUNCE_PASSED, *passed_arguments(writes))
    now: datetime = writes[0].run["updated"]
    if orphaned := [id for write in writes for id in write.orphaned]:
        await connection.fetch(TEAR_DOWN, orphaned, now)
    if freed := Counter(write.freed for write in writes if write.freed is not None):
        await let_in(connection, freed, now)


async def _write_alone(connection: Connection, writes: Sequence[TransitionWrites]) -> set[UUID]:
    """Write those of runs that are still as they were seen; which ones."""
    if not writes:
        return set()
    # Rows are locked as they are found: two batches with the same runs must not wait in a circle.
    ordered = sorted(writes, key=lambda write: write.run["id"])
    statement, arrays = transitioning(ordered)
    rows = await connection.fetch(statement, *arrays)
    return {id for (id,) in rows}


class _Stored:
    """The runs that were there before, found by id or by idempotency key."""

    def __init__(self, writes: Sequence[CreationWrites]) -> None:
        self._writes = writes
        self._rows: dict[Any, dict[str, Any]] = {}

    @property
    def is_asked_for(self) -> bool:
        """Whether there are any."""
        return bool(self._writes)

    async def read(self, connection: Connection) -> None:
        """Raises `LostRace` when one that was in the way is gone."""
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
_FACTS: Final = facts_query(postgres_fields, version_of("r"))
_READ_FACTS: Final = f"{_FACTS.text} WHERE r.id = ANY($1::UUID[])"
_FLOW_RUNS: Final = flow_runs_query(postgres_fields)
_READ_EXISTING: Final = (
    f"{_FLOW_RUNS.text} WHERE r.id IN (SELECT x.id FROM unnest($4::UUID[]) AS x(id) UNION ALL"
    " SELECT x.id FROM unnest($1::UUID[], $2::UUID[], $3::TEXT[])"
    " AS k(workspace_id, flow_id, idempotency_key)"
    " JOIN flow_run x USING (workspace_id, flow_id, idempotency_key))"
)
