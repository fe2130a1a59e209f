"""Telling the server that the worker is there, and hearing how its pool is."""

import logging
from typing import Final

import anyio

from windlass.schemas.workers import WorkerHeartbeat
from windlass_workers.agent.backoff import told
from windlass_workers.agent.context import AgentContext

LOOP: Final = "heartbeat"
_log: Final = logging.getLogger("windlass.workers")


async def beat_forever(agent: AgentContext) -> None:
    """Send heartbeats until cancelled. One that fails is made up for by the next."""
    while True:
        try:
            await beat_once(agent)
        except Exception as error:
            _log.warning("The heartbeat failed: %s", told(error))
        await anyio.sleep(agent.heartbeat_every.total_seconds())


async def beat_once(agent: AgentContext) -> None:
    """One heartbeat, and the pool as it is now. Raises what the client raises."""
    every = agent.heartbeat_every.total_seconds()
    heartbeat = WorkerHeartbeat(name=agent.name, heartbeat_interval_seconds=max(round(every), 1))
    await agent.client.send_worker_heartbeat(agent.options.pool, heartbeat)
    agent.pool = await agent.client.read_work_pool(agent.options.pool)
    agent.pulse.beat(LOOP)
