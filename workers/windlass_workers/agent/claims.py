"""Taking runs of the pool: long polls for as many as there is room for."""

import time
from collections.abc import Callable
from typing import Final

import anyio

from windlass.ids import uuid7
from windlass.schemas.executions import LONGEST_WAIT, ClaimedRun, ClaimRequest
from windlass_workers.agent.backoff import until_it_works
from windlass_workers.agent.context import AgentContext

LOOP: Final = "claims"
_SHORTEST_ROUND: Final = 1.0


async def claim_forever(agent: AgentContext, start: Callable[[ClaimedRun], None]) -> None:
    """Take runs and start them until cancelled."""
    wait = min(agent.poll_every.total_seconds(), LONGEST_WAIT)
    while True:
        while not agent.slots.free:
            agent.pulse.beat(LOOP)  # a full worker has nothing to ask for, and is well
            with anyio.move_on_after(wait):
                await agent.slots.until_free()
        asked_at = time.monotonic()
        taken = await claim_once(agent, start, wait=wait)
        if not taken:
            # A server that does not wait, as for a paused pool, must not be asked all the time.
            spent = time.monotonic() - asked_at
            await anyio.sleep(max(min(_SHORTEST_ROUND, wait) - spent, 0))


async def claim_once(
    agent: AgentContext, start: Callable[[ClaimedRun], None], *, wait: float
) -> int:
    """Take as many runs as there is room for, start them, and return how many they are.

    A question whose answer got lost is repeated under its own id, so that the runs that it took
    are not lost with it.
    """
    request = ClaimRequest(
        worker_name=agent.name,
        request_id=uuid7(),
        limit=agent.slots.free,
        wait_seconds=wait,
        work_queue_names=list(agent.options.work_queues) or None,
        prefetch_seconds=agent.options.prefetch.total_seconds(),
    )
    runs = await until_it_works(
        lambda: agent.client.claim(agent.options.pool, request),
        what=f"take runs of the work pool {agent.options.pool!r}",
    )
    agent.pulse.beat(LOOP)
    fresh = [run for run in runs if run.execution_id not in agent.slots.live]
    for run in fresh:
        start(run)
    return len(fresh)
