"""Heartbeats and polls of workers: what comes in at one moment shares a transaction.

A fleet says that it is there, and asks whether there is anything to do, all day; the answer is
almost always that there is not. What it costs must not grow with the number of its workers.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from windlass.exceptions import ApiError
from windlass.schemas.base import JsonObject
from windlass.schemas.work_pools import WorkPool
from windlass.schemas.work_queues import WorkQueue
from windlass.schemas.workers import WorkerFlowRunResponse, WorkerHeartbeat
from windlass_services.api.changes import Opened, changing
from windlass_services.api.due_teardowns import DueTeardowns
from windlass_services.runtime.batching import Answers, Batcher
from windlass_services.runtime.loop import Duty
from windlass_services.storage.database import Connection
from windlass_services.storage.deployments import read_job_variables
from windlass_services.storage.polls import (
    Due,
    earliest_due,
    queues_with_arrivals,
    read_scheduled_runs,
)
from windlass_services.storage.scope import Scope
from windlass_services.storage.work_pools import no_work_pool, read_work_pool
from windlass_services.storage.work_queues import require_queues_of_pool
from windlass_services.storage.workers import Heard, record_heartbeats

_HEARD_EVERY: Final = timedelta(seconds=1)
_SOON: Final = timedelta(seconds=10)
"""How long before its time a run comes in line: polling workers prefetch so much as a rule."""


@dataclass(frozen=True, slots=True)
class Poll:
    """What a worker asks: which runs of these queues of a pool it may start."""

    scope: Scope
    work_pool_name: str
    work_queue_names: tuple[str, ...] | None
    due: Due
    limit: int

    @property
    def place(self) -> "Place":
        """Where it looks; many workers look there."""
        return self.scope, self.work_pool_name, self.work_queue_names


Place = tuple[Scope, str, tuple[str, ...] | None]


@dataclass(frozen=True, slots=True)
class Polled:
    """What a poll found, and where."""

    pool: WorkPool
    queues: Sequence[WorkQueue]
    runs: Sequence[WorkerFlowRunResponse]
    job_variables: Mapping[UUID, JsonObject]
    """Of the deployments of the runs."""


class WorkerTraffic:
    """One per API process. Both raise `ObjectNotFound` for what a worker names."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._heartbeats: Batcher[tuple[Scope, Heard], None] = Batcher(self._hear)
        self._polls: Batcher[Poll, Polled] = Batcher(self._look)
        self._teardowns = DueTeardowns(opened)
        self._noted: dict[tuple[Scope, str, str], Heard] = {}

    async def heartbeat(self, scope: Scope, work_pool_name: str, said: WorkerHeartbeat) -> int:
        """A worker is there: it is online, and its pool ready.

        Returns how many teardowns wait that it may take.
        """
        await self._heartbeats.ask((scope, Heard(work_pool_name, said)))
        return await self.due_teardowns(scope, work_pool_name, said.place)

    def note(self, scope: Scope, work_pool_name: str, said: WorkerHeartbeat) -> None:
        """The same, said by the way: it is written down with all that is noted in a second."""
        self._noted[scope, work_pool_name, said.name] = Heard(work_pool_name, said)

    async def due_teardowns(self, scope: Scope, work_pool_name: str, place: str | None) -> int:
        """How many teardowns of a pool wait that can be done from this place."""
        return await self._teardowns.count(scope, work_pool_name, place)

    def noting_duty(self) -> Duty:
        """Write down what was noted. What a failed pass loses, the workers say again."""
        return Duty("worker-heartbeats", _HEARD_EVERY, self._hear_noted)

    async def poll(self, poll: Poll) -> Polled:
        """What there is to start, in order. Writes nothing but places in line, when some came."""
        return await self._polls.ask(poll)

    async def _hear_noted(self) -> int:
        noted, self._noted = self._noted, {}
        if noted:
            await self._hear([(scope, heard) for (scope, _, _), heard in noted.items()])
        return len(noted)

    async def _hear(self, asked: Sequence[tuple[Scope, Heard]]) -> Answers[None]:
        missing: set[tuple[Scope, str]] = set()
        for scope in {scope for scope, _ in asked}:
            heard = [one for whose, one in asked if whose == scope]
            now = self._opened.clock()
            known = await self._opened.database.hot.hear(scope, heard, now)
            news = [one for one, is_known in zip(heard, known, strict=True) if not is_known]
            if news:
                missing |= {(scope, name) for name in await self._record(scope, news, now)}
        return [
            no_work_pool(one.work_pool_name) if (scope, one.work_pool_name) in missing else None
            for scope, one in asked
        ]

    async def _record(self, scope: Scope, heard: Sequence[Heard], now: datetime) -> set[str]:
        """The names of pools that there are not."""
        async with changing(self._opened, scope) as change:
            change.statuses, missing = await record_heartbeats(
                change.connection, scope, heard, now=now
            )
        return missing

    async def _look(self, polls: Sequence[Poll]) -> Answers[Polled]:
        places: dict[Place, _Found | ApiError] = {}
        async with self._opened.database.read() as connection:
            for poll in polls:
                if poll.place not in places:
                    places[poll.place] = await _find(connection, poll)
            soon = self._opened.clock() + _SOON
            arrived = await _arrived(connection, places.values(), soon)
            if not arrived:
                return await self._answers(connection, polls, places)
        await self._opened.database.hot.line_up(arrived, soon)
        async with self._opened.database.read() as connection:
            return await self._answers(connection, polls, places)

    async def _answers(
        self,
        connection: Connection,
        polls: Sequence[Poll],
        places: Mapping[Place, "_Found | ApiError"],
    ) -> Answers[Polled]:
        return [await self._answer(connection, poll, places[poll.place]) for poll in polls]

    async def _answer(
        self, connection: Connection, poll: Poll, found: "_Found | ApiError"
    ) -> Polled | ApiError:
        if not isinstance(found, _Found):
            return found
        runs: list[WorkerFlowRunResponse] = []
        if found.may_have(poll.due):
            runs = await read_scheduled_runs(
                connection,
                poll.scope,
                found.pool,
                found.queues,
                poll.due,
                limit=poll.limit,
                now=self._opened.clock(),
            )
        ids = {run.flow_run.deployment_id for run in runs if run.flow_run.deployment_id is not None}
        variables = await read_job_variables(connection, poll.scope, ids)
        return Polled(found.pool, found.queues, runs, variables)


@dataclass(frozen=True, slots=True)
class _Found:
    """The pool and queues of a place, and when the first run there may start."""

    pool: WorkPool
    queues: Sequence[WorkQueue]
    first_due: datetime | None

    def may_have(self, due: Due) -> bool:
        """Whether looking for such runs may find any."""
        if self.first_due is None:
            return False
        return due.before is None or self.first_due <= due.before


async def _arrived(
    connection: Connection, places: Iterable["_Found | ApiError"], due_before: datetime
) -> list[UUID]:
    """The queues with runs that have no place in line and are about to be asked for."""
    due = Due(before=due_before)
    queues = {
        queue.id
        for found in places
        if isinstance(found, _Found) and found.may_have(due)
        for queue in found.queues
    }
    return await queues_with_arrivals(connection, queues, due_before) if queues else []


async def _find(connection: Connection, poll: Poll) -> _Found | ApiError:
    try:
        pool = await read_work_pool(connection, poll.scope, poll.work_pool_name)
        queues = await require_queues_of_pool(connection, poll.scope, pool, poll.work_queue_names)
    except ApiError as error:
        return error
    return _Found(pool, queues, await earliest_due(connection, [queue.id for queue in queues]))
