"""The hand-out of background task runs to the task workers that are subscribed to this process."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import anyio

from windlass.exceptions import ApiError
from windlass.ids import uuid7
from windlass.schemas.task_runs import TaskRun
from windlass_services.api.lost_task_runs import look_after_lost_runs
from windlass_services.orchestration.channels import TASK_RUNS_SCHEDULED
from windlass_services.orchestration.context import ServiceContext
from windlass_services.runtime.loop import Duty, perform
from windlass_services.storage.scope import Scope
from windlass_services.storage.task_deliveries import (
    Taker,
    acknowledge_delivery,
    claim_deliveries,
    free_unacknowledged,
    free_unconfirmed,
    give_back_deliveries,
    next_delivery_due,
    renew_deliveries,
)
from windlass_services.storage.task_workers import (
    forget_task_workers,
    observe_task_workers,
)
from windlass_services.streams.protocol import Announcement

_SWEEP: Final = timedelta(seconds=10)
_SOON: Final = timedelta(seconds=1)


class TaskSubscription:
    """A task worker that takes one run at a time, of any of its tasks."""

    def __init__(self, scope: Scope, taker: Taker, ask: "Callable[[TaskSubscription], None]"):
        self.scope = scope
        self.taker = taker
        self._ask = ask
        self._answered = anyio.Event()
        self._run: TaskRun | None = None

    async def next(self) -> TaskRun:
        """Wait for a run. It is this worker's until the subscription ends, or it acknowledges."""
        self._answered = anyio.Event()
        self._ask(self)
        await self._answered.wait()
        assert self._run is not None
        return self._run

    def answer(self, run: TaskRun) -> None:
        """Have `next` return."""
        self._run = run
        self._answered.set()


class TaskDispatcher:
    """One per API process. Every truth is a row: an announcement only makes it look sooner.

    What it handed out is kept for the worker while that is subscribed; the rest is in
    `lost_task_runs`. Workers are served in the order in which they ask.
    """

    def __init__(
        self, services: ServiceContext, *, sweep: timedelta = _SWEEP, soon: timedelta = _SOON
    ) -> None:
        """`sweep`: how soon a run is found whose announcement was lost. `soon`: how soon to ask
        again after the database did not answer."""
        self.term = timedelta(seconds=services.settings.server.lease_seconds)
        """How long a worker may be away before what it has is given to another."""
        self._services = services
        self._sweep = sweep
        self._soon = soon
        self._subscriptions: set[TaskSubscription] = set()
        self._waiting: list[TaskSubscription] = []
        self._look_at: datetime | None = None
        self._news = anyio.Event()
        self._steady_since: datetime | None = None
        self._last_kept: datetime | None = None

    @asynccontextmanager
    async def subscribed(
        self,
        scope: Scope,
        worker: str,
        task_keys: Collection[str],
        unconfirmed: Collection[UUID] = (),
    ) -> AsyncGenerator[TaskSubscription]:
        """A task worker is there until the block ends; what it did not acknowledge goes back.

        So do the `unconfirmed` runs, for which it had no answer to its acknowledgement.
        """
        taker = Taker(uuid7(), worker, frozenset(task_keys))
        now = self._services.clock()
        async with self._services.database.write() as connection:
            await observe_task_workers(connection, scope, {worker: task_keys}, now=now)
            await renew_deliveries(connection, [worker], [], until=now + self.term)
            freed = await free_unconfirmed(connection, worker, unconfirmed)
        await self._announce(freed)
        subscription = TaskSubscription(scope, taker, self._wait)
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)
            if subscription in self._waiting:
                self._waiting.remove(subscription)
            with anyio.CancelScope(shield=True):
                await self._end(taker)

    async def acknowledge(self, subscription: TaskSubscription, run: TaskRun) -> bool:
        """The worker has the run for good; False when another has it by now."""
        async with self._services.database.write() as connection:
            return await acknowledge_delivery(
                connection, run.id, subscription.taker.subscription_id
            )

    async def run(self) -> None:
        """Hand out, and keep what is handed out, until cancelled."""
        listening = self._services.streams.listen([TASK_RUNS_SCHEDULED])
        async with listening as announcements, anyio.create_task_group() as tasks:
            tasks.start_soon(self._hear, announcements)
            keep = Duty("task-workers", self.term / 3, self._keep)
            tasks.start_soon(perform, keep, self._services.pulse)
            while True:
                await self._rest()
                await self._unless_busy(self._hand_out)

    def _wait(self, subscription: TaskSubscription) -> None:
        self._waiting.append(subscription)
        self._news.set()

    async def _hear(self, announcements: AsyncIterator[Announcement]) -> None:
        async for announcement in announcements:
            key = announcement.payload
            if announcement.resumed or any(key in one.taker.task_keys for one in self._waiting):
                self._news.set()

    async def _rest(self) -> None:
        """Until there is news, or a run may be due."""
        left = None
        if self._look_at is not None:
            left = max((self._look_at - self._services.clock()).total_seconds(), 0)
        with anyio.move_on_after(left):
            await self._news.wait()
        self._news = anyio.Event()

    async def _hand_out(self) -> None:
        for scope in {subscription.scope for subscription in self._waiting}:
            await self._hand_out_in(scope)
        self._look_at = await self._next_look()

    async def _hand_out_in(self, scope: Scope) -> None:
        asking = {one.taker.subscription_id: one for one in self._waiting if one.scope == scope}
        takers = [one.taker for one in asking.values()]
        now = self._services.clock()
        async with self._services.database.write() as connection:
            found = await claim_deliveries(
                connection, scope, takers, now=now, until=now + self.term
            )
        gone: list[UUID] = []
        for subscription_id, run in found.items():
            if (subscription := asking[subscription_id]) in self._waiting:
                self._waiting.remove(subscription)
                subscription.answer(run)
            else:
                gone.append(subscription_id)
        if gone:
            await self._give_back(gone)

    async def _next_look(self) -> datetime | None:
        """When a run may be due; None if nobody waits for one."""
        if not self._waiting:
            return None
        now = self._services.clock()
        latest = now + self._sweep
        keys = {key for one in self._waiting for key in one.taker.task_keys}
        async with self._services.database.read() as connection:
            due = await next_delivery_due(connection, self._waiting[0].scope, keys)
        # What is due and was not found is being handed out by another replica.
        return min(max(due, now + self._soon), latest) if due else latest

    async def _end(self, taker: Taker) -> None:
        await self._unless_busy(lambda: self._give_back([taker.subscription_id]))
        if all(one.taker.worker != taker.worker for one in self._subscriptions):
            await self._unless_busy(lambda: self._forget(taker.worker))

    async def _give_back(self, subscription_ids: Collection[UUID]) -> None:
        async with self._services.database.write() as connection:
            freed = await give_back_deliveries(connection, subscription_ids)
        await self._announce(freed)

    async def _forget(self, worker: str) -> None:
        async with self._services.database.write() as connection:
            await forget_task_workers(
                connection, seen_before=self._services.clock(), identifier=worker
            )

    async def _keep(self) -> int:
        """Keep what is with the workers that are here, and take back what is with nobody."""
        now = self._services.clock()
        workers = {one.taker.worker: one.taker.task_keys for one in self._subscriptions}
        ids = {one.taker.subscription_id for one in self._subscriptions}
        async with self._services.database.write() as connection:
            if workers:
                await observe_task_workers(connection, Scope(), workers, now=now)
                await renew_deliveries(connection, list(workers), ids, until=now + self.term)
            await forget_task_workers(connection, seen_before=now - self.term)
            freed = await free_unacknowledged(connection, now=now)
        await self._announce(freed)
        if self._last_kept is None or now - self._last_kept > self.term * 2 / 3:
            self._steady_since = now
        self._last_kept = now
        # A worker is lost only over time in which it could have come back: to this process.
        if self._steady_since is not None and now - self._steady_since >= self.term:
            await look_after_lost_runs(self._services, now)
        return len(workers)

    async def _announce(self, task_keys: Collection[str]) -> None:
        for key in set(task_keys):
            await self._services.streams.announce(TASK_RUNS_SCHEDULED, key)

    async def _unless_busy(self, action: Callable[[], Awaitable[None]]) -> None:
        try:
            await action()
        except ApiError:
            self._look_at = self._services.clock() + self._soon
