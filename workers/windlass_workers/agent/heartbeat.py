"""Telling the server that the worker is there, and hearing how its pool is and what it lacks.

A worker that claims says it in its claims: a fleet that waits costs one request for each wait.
"""

import logging
from typing import Final

import anyio

from windlass.schemas.executions import HeartbeatTaken
from windlass.schemas.workers import WorkerHeartbeat
from windlass_workers.agent.backoff import told
from windlass_workers.agent.context import AgentContext

LOOP: Final = "heartbeat"
_IN_CLAIMS_AFTER: Final = 1 / 3
"""The part of the time between two heartbeats after which a claim is one: a busy worker claims all
the time."""
_LONGEST_READ: Final = 5.0
_log: Final = logging.getLogger("windlass.workers")


async def beat_forever(agent: AgentContext) -> None:
    """Send a heartbeat whenever the server was told nothing for too long, until cancelled.

    One that fails is made up for by the next.
    """
    every = agent.heartbeat_every.total_seconds()
    while True:
        await anyio.sleep(max(every - agent.signs.silence(), 0))
        if agent.signs.silence() < every:
            continue
        try:
            await beat_once(agent)
        except Exception as error:
            _log.warning("The heartbeat failed: %s", told(error))


async def beat_once(agent: AgentContext) -> None:
    """One heartbeat, and the pool as it is now. Raises what the client raises."""
    agent.signs.tell()
    heartbeat = WorkerHeartbeat(
        name=agent.name,
        heartbeat_interval_seconds=interval_seconds(agent),
        place=agent.worker.place,
    )
    teardowns = await agent.client.send_worker_heartbeat(agent.options.pool, heartbeat)
    agent.pool = await agent.client.read_work_pool(agent.options.pool)
    _heard(agent, teardowns)


def interval_seconds(agent: AgentContext) -> int:
    """How often the server is told that the agent is there, as it is told."""
    return max(round(agent.heartbeat_every.total_seconds()), 1)


def is_due_in_claims(agent: AgentContext) -> bool:
    """Whether the next claim should be a heartbeat too."""
    return agent.signs.silence() >= _IN_CLAIMS_AFTER * agent.heartbeat_every.total_seconds()


async def take_answer(agent: AgentContext, heartbeat: HeartbeatTaken | None) -> None:
    """What the server said to a claim that was to be a heartbeat. Raises nothing: there may be runs
    in the answer. A pool that could not be read is read after the next one."""
    agent.signs.in_claims = heartbeat is not None
    if heartbeat is None:
        return
    _heard(agent, heartbeat.teardowns)
    if heartbeat.work_pool_updated != agent.pool.updated:
        try:
            # Whoever is stopped meanwhile has claimed these runs, and still has to start them.
            with anyio.fail_after(_LONGEST_READ, shield=True):
                agent.pool = await agent.client.read_work_pool(agent.options.pool)
        except Exception as error:
            _log.warning("Could not read the work pool: %s", told(error))


def _heard(agent: AgentContext, teardowns: int) -> None:
    agent.pulse.beat(LOOP)
    if teardowns:
        agent.teardowns_wait.set()
