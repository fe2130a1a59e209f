"""The hand-out of runs to workers that wait for them: the long poll of claims."""

from collections.abc import AsyncIterator, Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

import anyio
from anyio.abc import TaskGroup

from windlass.clock import Clock
from windlass.exceptions import ApiError, ObjectNotFound
from windlass.schemas.executions import ClaimedRun
from windlass_services.orchestration.channels import EVERY_POOL, pool_of
from windlass_services.orchestration.waiting_line import Waiter, WaitingLine, Wants
from windlass_services.storage.hot.protocol import Claim
from windlass_services.storage.scope import Scope
from windlass_services.streams.protocol import Announcement

_SWEEP: Final = timedelta(seconds=10)
_BLOCKED: Final = timedelta(seconds=1)


class HandsOut(Protocol):
    """What the dispatcher needs of the orchestrator."""

    async def claim(self, scope: Scope, claim: Claim) -> list[ClaimedRun]: ...
    async def next_due(self, work_pool_ids: Collection[UUID]) -> datetime | None: ...
    async def hand_back(self, scope: Scope, claimed: ClaimedRun) -> None: ...


class Announces(Protocol):
    """What the dispatcher needs of the streams."""

    def listen(
        self, channels: Collection[str]
    ) -> AbstractAsyncContextManager[AsyncIterator[Announcement]]: ...


class Dispatcher:
    """One per API process. A pool is looked at when a run of it is announced, when one is due, and
    now and then; waiting costs nothing.

    For k announced runs the first k waiters claim at once, which the database takes as one batch.
    """

    def __init__(
        self,
        orchestrator: HandsOut,
        streams: Announces,
        *,
        clock: Clock,
        sweep: timedelta = _SWEEP,
        blocked: timedelta = _BLOCKED,
    ) -> None:
        """`sweep`: how soon a run is found whose announcement was lost. `blocked`: how soon to ask
        again for a run that is due and that nobody may take, because a limit is full."""
        self._orchestrator = orchestrator
        self._streams = streams
        self._clock = clock
        self._sweep = sweep
        self._blocked = blocked
        self._lines: dict[UUID, WaitingLine] = {}
        self._announced: dict[UUID, int] = {}
        self._look_at: dict[UUID, datetime] = {}
        self._visited: set[UUID] = set()
        self._undelivered: list[tuple[Scope, ClaimedRun]] = []
        self._news = anyio.Event()
        self._draining = False
        self._stopped = anyio.Event()
        self._stopped.set()

    async def claim(self, scope: Scope, claim: Claim, wait: timedelta) -> list[ClaimedRun]:
        """Take runs that are due; if there are none, wait for them, as long as `run` is running.

        `claim.due_before` moves on with the time that is waited. Answers with no runs when `wait`
        is over or the process stops. Raises `ObjectNotFound`, `ServerBusy`.
        """
        if self._draining:
            return []
        if wait <= timedelta(0):
            return await self._orchestrator.claim(scope, claim)
        waiter = Waiter(scope, claim, _wants(claim, self._clock()))
        await self._wait(waiter, wait)
        if waiter.error is not None:
            raise waiter.error
        return waiter.runs

    async def run(self) -> None:
        """Hand out until `drain` is called."""
        self._stopped = anyio.Event()
        try:
            async with (
                self._streams.listen([EVERY_POOL]) as announcements,
                anyio.create_task_group() as tasks,
            ):
                tasks.start_soon(self._hear, announcements)
                await self._hand_out_until_drained(tasks)
                tasks.cancel_scope.cancel()
        finally:
            self._stopped.set()

    async def drain(self) -> None:
        """Answer every waiter, and everyone who comes later, with no runs; finish what is begun."""
        self._draining = True
        for line in list(self._lines.values()):
            for waiter in line.all():
                self._answer(waiter, [])
        self._news.set()
        await self._stopped.wait()

    async def _wait(self, waiter: Waiter, wait: timedelta) -> None:
        work_pool_id = waiter.claim.work_pool_id
        line = self._lines.setdefault(work_pool_id, WaitingLine())
        # Who waits for the same, in vain so far, saves the look: whatever comes is announced.
        is_known = work_pool_id in self._look_at and waiter.wants in line.wanted()
        line.enter(waiter)
        if not is_known:
            self._note(work_pool_id)
        delivered = False
        try:
            with anyio.move_on_after(wait.total_seconds()):
                await waiter.answered.wait()
            delivered = True
        finally:
            self._forget(waiter)
            if not delivered:
                self._take_back(waiter.scope, waiter.runs)

    async def _hear(self, announcements: AsyncIterator[Announcement]) -> None:
        async for announcement in announcements:
            if announcement.resumed:
                for work_pool_id in list(self._lines):
                    self._note(work_pool_id)
            else:
                self._note(pool_of(announcement.channel))

    def _note(self, work_pool_id: UUID) -> None:
        if work_pool_id in self._lines:
            self._announced[work_pool_id] = self._announced.get(work_pool_id, 0) + 1
            self._news.set()

    async def _hand_out_until_drained(self, tasks: TaskGroup) -> None:
        while not self._draining or self._visited or self._undelivered:
            await self._rest()
            for scope, claimed in self._taken_undelivered():
                await self._orchestrator.hand_back(scope, claimed)
            for work_pool_id in self._pools_to_visit():
                self._visited.add(work_pool_id)
                announced = self._announced.pop(work_pool_id, 0)
                tasks.start_soon(self._visit, work_pool_id, announced)

    async def _rest(self) -> None:
        """Until there is news, or some pool is to be looked at."""
        moments = [at for pool, at in self._look_at.items() if pool not in self._visited]
        seconds = (min(moments) - self._clock()).total_seconds() if moments else None
        with anyio.move_on_after(seconds if seconds is None else max(seconds, 0)):
            await self._news.wait()
        self._news = anyio.Event()

    def _pools_to_visit(self) -> list[UUID]:
        if self._draining:
            return []
        now = self._clock()
        due = {pool for pool, at in self._look_at.items() if at <= now}
        return [pool for pool in due | self._announced.keys() if pool not in self._visited]

    async def _visit(self, work_pool_id: UUID, announced: int) -> None:
        """Hand out what there is in a pool, and see when to look again."""
        try:
            if announced:
                await self._hand_out(work_pool_id, announced)
            due = await self._due(work_pool_id)
            if not announced and due is not None and due <= self._clock():
                await self._hand_out(work_pool_id, 1)
                due = await self._due(work_pool_id)
            self._look_again(work_pool_id, due)
        except ApiError:
            self._look_again(work_pool_id, self._clock())
        finally:
            self._visited.discard(work_pool_id)
            self._news.set()

    async def _due(self, work_pool_id: UUID) -> datetime | None:
        """When some waiter may take a run; None if nobody waits or nothing is scheduled."""
        line = self._lines.get(work_pool_id)
        if line is None:
            return None
        due = await self._orchestrator.next_due([work_pool_id])
        return due and due - line.longest_prefetch()

    def _look_again(self, work_pool_id: UUID, due: datetime | None) -> None:
        if work_pool_id not in self._lines:
            self._look_at.pop(work_pool_id, None)
            return
        now = self._clock()
        latest = now + self._sweep
        if due is not None and due <= now:
            due = now + self._blocked
        self._look_at[work_pool_id] = min(due or latest, latest)

    async def _hand_out(self, work_pool_id: UUID, announced: int) -> None:
        """Let waiters claim in their order until nothing is left for any of them.

        When everyone for whom a run was announced has one, there may be more: announcements get
        lost, and one stands for many.
        """
        exhausted: set[Wants] = set()
        width, more = announced, 1
        while batch := self._next(work_pool_id, width, exhausted):
            async with anyio.create_task_group() as claims:
                for waiter in batch:
                    claims.start_soon(self._try, waiter)
            exhausted |= {waiter.wants for waiter in batch if len(waiter.runs) < waiter.claim.limit}
            width, more = more, more * 2

    def _next(self, work_pool_id: UUID, most: int, exhausted: Collection[Wants]) -> list[Waiter]:
        line = self._lines.get(work_pool_id)
        return line.first(most, exhausted) if line is not None else []

    async def _try(self, waiter: Waiter) -> None:
        """A waiter that went away meanwhile swallows no run: what it was given is handed back."""
        due_before = self._clock() + waiter.wants.prefetch
        try:
            runs = await self._orchestrator.claim(
                waiter.scope, replace(waiter.claim, due_before=due_before)
            )
        except ObjectNotFound:
            self._answer_all(waiter.claim.work_pool_id)
            return
        except ApiError as error:
            self._answer(waiter, [], error)
            return
        if runs and not self._answer(waiter, runs):
            self._take_back(waiter.scope, runs)

    def _answer(
        self, waiter: Waiter, runs: list[ClaimedRun], error: Exception | None = None
    ) -> bool:
        """Whether there was someone to answer."""
        line = self._lines.get(waiter.claim.work_pool_id)
        if line is None or waiter not in line:
            return False
        self._forget(waiter)
        waiter.answer(runs, error)
        return True

    def _answer_all(self, work_pool_id: UUID) -> None:
        """The pool is gone: nobody has anything to wait for."""
        line = self._lines.get(work_pool_id)
        for waiter in line.all() if line is not None else ():
            gone = ObjectNotFound(f"There is no work pool with the id {work_pool_id}.")
            self._answer(waiter, [], gone)

    def _forget(self, waiter: Waiter) -> None:
        work_pool_id = waiter.claim.work_pool_id
        line = self._lines.get(work_pool_id)
        if line is None:
            return
        line.leave(waiter)
        if not line:
            del self._lines[work_pool_id]
            self._look_at.pop(work_pool_id, None)
            self._announced.pop(work_pool_id, None)

    def _take_back(self, scope: Scope, runs: Collection[ClaimedRun]) -> None:
        self._undelivered += [(scope, claimed) for claimed in runs]
        self._news.set()

    def _taken_undelivered(self) -> list[tuple[Scope, ClaimedRun]]:
        taken, self._undelivered = self._undelivered, []
        return taken


def _wants(claim: Claim, now: datetime) -> Wants:
    """In tenths of a second, so that claims on equal terms are seen to be equal."""
    queues = None if claim.work_queue_ids is None else frozenset(claim.work_queue_ids)
    seconds = round((claim.due_before - now).total_seconds(), 1)
    return Wants(queues, timedelta(seconds=max(seconds, 0)))
