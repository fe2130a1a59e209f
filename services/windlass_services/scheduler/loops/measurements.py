"""Measure what only the database and the broker know, for the metrics that schedulers export."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from itertools import groupby
from typing import Final, TypeAlias

from windlass_services.events.rows import CONSUMER_GROUPS, EVALUATOR
from windlass_services.orchestration.context import ServiceContext
from windlass_services.runtime import metrics
from windlass_services.runtime.exposition import just_measured
from windlass_services.runtime.loop import Duty
from windlass_services.storage.consumers import read_progress
from windlass_services.storage.database import Connection
from windlass_services.storage.measurements import (
    MeasuredQueue,
    measure_limits,
    measure_outbox,
    measure_queues,
    oldest_days,
    oldest_event,
)
from windlass_services.storage.scope import Scope
from windlass_services.storage.teardowns import measure_teardowns
from windlass_services.storage.watched_automations import has_enabled_automations
from windlass_services.streams.errors import BrokerUnavailable
from windlass_services.streams.protocol import PARTITIONS

_EVERY: Final = timedelta(seconds=5)
_MOST_LIMITS: Final = 200
_DATABASE: Final = "database"
_BROKER: Final = "broker"
_SAVED_WITHIN: Final = 30.0
"""Seconds after which a consumer that is alive has saved what it finished."""

_Lags: TypeAlias = dict[tuple[str, str], int]


def duty(services: ServiceContext) -> Duty:
    """Every few seconds, however many ask for the metrics and how often."""

    async def once() -> int:
        return await measure(services)

    # From now on: a source that is away since the start is as bad as one that went away.
    for source in (_DATABASE, _BROKER):
        just_measured(source)
    return Duty("measurements", _EVERY, once)


async def measure(services: ServiceContext) -> int:
    """Do one pass; returns how many queues there are.

    While the broker is away, what it was last asked stays exported; likewise for the database.
    """
    lags = await _ask_broker(services)
    now = services.clock()
    async with services.database.read() as connection:
        queues = await measure_queues(connection, Scope(), now=now)
        _export_queues(queues)
        await _measure_limits(connection, now)
        await _measure_outbox(connection, now)
        await _measure_lag_ages(connection, lags, now)
        await _measure_history(connection, now)
        await _measure_teardowns(connection)
    just_measured(_DATABASE)
    return len(queues)


def startable(pool: Sequence[MeasuredQueue]) -> list[int]:
    """How many of the due runs of each queue of one pool have a slot, the first queues first."""
    taken = sum(queue.live for queue in pool)
    counts: list[int] = []
    for queue in pool:
        room = [queue.due]
        if queue.pool_limit is not None:
            room.append(queue.pool_limit - taken)
        if queue.queue_limit is not None:
            room.append(queue.queue_limit - queue.live)
        counts.append(0 if queue.is_paused else max(min(room), 0))
        taken += counts[-1]
    return counts


def _export_queues(queues: Sequence[MeasuredQueue]) -> None:
    # Queues and pools that are gone disappear; nobody sees the moment between, in one thread.
    for gauge in _OF_QUEUES:
        gauge.clear()
    for name, members in groupby(queues, key=lambda queue: queue.pool):
        pool = list(members)
        metrics.POOL_OCCUPIED.labels(name).set(sum(queue.live for queue in pool))
        if pool[0].pool_limit is not None:
            metrics.POOL_LIMIT.labels(name).set(pool[0].pool_limit)
        for queue, due in zip(pool, startable(pool), strict=True):
            labels = (name, queue.queue)
            metrics.QUEUE_DUE.labels(*labels).set(due)
            metrics.QUEUE_WAITING.labels(*labels).set(queue.due - due + queue.held)
            metrics.QUEUE_OCCUPIED.labels(*labels).set(queue.live)
            if queue.queue_limit is not None:
                metrics.QUEUE_LIMIT.labels(*labels).set(queue.queue_limit)


async def _measure_limits(connection: Connection, now: datetime) -> None:
    limits, left_out = await measure_limits(connection, Scope(), most=_MOST_LIMITS, now=now)
    metrics.LIMIT_OCCUPIED.clear()
    metrics.LIMIT_LIMIT.clear()
    for limit in limits:
        metrics.LIMIT_OCCUPIED.labels(limit.name).set(limit.occupied)
        if limit.active:
            metrics.LIMIT_LIMIT.labels(limit.name).set(limit.limit)
    metrics.LIMITS_LEFT_OUT.set(left_out)


async def _measure_outbox(connection: Connection, now: datetime) -> None:
    rows, oldest = await measure_outbox(connection)
    metrics.OUTBOX_ROWS.set(rows)
    metrics.OUTBOX_AGE.set(_seconds(oldest, now))


async def _ask_broker(services: ServiceContext) -> _Lags:
    """How many messages each group has not finished; of those that the broker told of."""
    lags: _Lags = {}
    with suppress(BrokerUnavailable):
        for topic, groups in CONSUMER_GROUPS.items():
            for group in groups:
                lags[topic, group] = await services.streams.lag(topic, group)
        just_measured(_BROKER)
    return lags


async def _measure_lag_ages(connection: Connection, lags: _Lags, now: datetime) -> None:
    """By the table: what the broker lost, or was never told, is not finished either."""
    # It reads nothing, and leaves nothing behind, while there is nothing to evaluate.
    asleep = () if await has_enabled_automations(connection) else (EVALUATOR,)
    for topic, groups in CONSUMER_GROUPS.items():
        for group in groups:
            messages = 0 if group in asleep else lags.get((topic, group))
            if messages is not None:
                metrics.CONSUMER_LAG.labels(topic, group).set(messages)
            finished = await read_progress(connection, topic, group, range(PARTITIONS))
            oldest = await oldest_event(connection, finished)
            age = _seconds(oldest or (finished if messages else None), now)
            is_done = not messages and (age < _SAVED_WITHIN or group in asleep)
            metrics.CONSUMER_LAG_AGE.labels(topic, group).set(0 if is_done else age)


async def _measure_history(connection: Connection, now: datetime) -> None:
    days = await oldest_days(connection)
    metrics.HISTORY_AGE.clear()
    for table, day in days.items():
        begun = datetime.combine(day, time(), UTC)
        metrics.HISTORY_AGE.labels(table).set(_seconds(begun, now))


async def _measure_teardowns(connection: Connection) -> None:
    waiting, given_up = await measure_teardowns(connection)
    metrics.TEARDOWNS_WAITING.set(waiting)
    metrics.TEARDOWNS_GIVEN_UP.set(given_up)


def _seconds(since: datetime | None, now: datetime) -> float:
    return 0 if since is None else max((now - since).total_seconds(), 0)


_OF_QUEUES: Final = (
    metrics.POOL_OCCUPIED,
    metrics.POOL_LIMIT,
    metrics.QUEUE_DUE,
    metrics.QUEUE_WAITING,
    metrics.QUEUE_OCCUPIED,
    metrics.QUEUE_LIMIT,
)
