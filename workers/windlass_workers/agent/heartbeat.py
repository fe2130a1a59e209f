"""Telling the server that the worker is there, and hearing how its pool is and what it lacks."""

import logging
from typing import Final

import anyio

from windlass.schemas.workers import WorkerHeartbeat
from windlass_workers.agent.backoff import told
from windlass_workers.agent.context import AgentContext
from windlass_workers.agent.teardowns import tear_down

LOOP: Final = "heartbeat"
_log: Final = logging.getLogger("windlass.workers")


async def beat_forever(agent: AgentContext) -> None:
    """Send heartbeats until cancelled, and do what is asked for in their answers.

    One that fails is made up for by the next.
    """
    async with anyio.create_task_group() as asked:
        while True:
            try:
                if await beat_once(agent):
                    asked.start_soon(tear_down, agent)
            except Exception as error:
                _log.warning("The heartbeat failed: %s", told(error))
            await anyio.sleep(agent.heartbeat_every.total_seconds())


async def beat_once(agent: AgentContext) -> int:
    """One heartbeat, and the pool as it is now. Raises what the client raises.

    Returns how many teardowns wait that this worker may take.
    """
    every = agent.heartbeat_every.total_seconds()
    heartbeat = WorkerHeartbeat(
        name=agent.name,
        heartbeat_interval_seconds=max(round(every), 1),
        place=agent.worker.place,
    )
    teardowns = await agent.client.send_worker_heartbeat(agent.options.pool, heartbeat)
    agent.pool = await agent.client.read_work_pool(agent.options.pool)
    agent.pulse.beat(LOOP)
    return teardowns
