"""Taking runs of the pool, as many as there is room for: by long polls, or when woken."""

import time
from collections.abc import Callable
from typing import Final

import anyio

from windlass.ids import uuid7
from windlass.schemas.executions import LONGEST_WAIT, ClaimedRun, ClaimRequest, ClaimResponse
from windlass_workers.agent import heartbeat
from windlass_workers.agent.backoff import until_it_works
from windlass_workers.agent.context import AgentContext
from windlass_workers.agent.waking import Waking

LOOP: Final = "claims"
_POLLS_IN_A_WAIT: Final = 3
_HEARTBEATS_IN_A_WAIT: Final = 0.9
"""Less than one: who waits again says in time that it is there, and sends no other heartbeat."""
_SHORTEST_ROUND: Final = 1.0
_SHORTEST_REST: Final = 0.05


async def claim_forever(agent: AgentContext, start: Callable[[ClaimedRun], None]) -> None:
    """Take runs and start them until cancelled."""
    poll_every = agent.poll_every.total_seconds()
    wait = longest_wait(poll_every, agent.heartbeat_every.total_seconds())
    while True:
        while not agent.slots.free:
            agent.pulse.beat(LOOP)  # a full worker has nothing to ask for, and is well
            with anyio.move_on_after(wait):
                await agent.slots.until_free()
        if agent.waking is not None and agent.waking.is_up:
            await _claim_when_woken(agent, agent.waking, start, at_the_latest=poll_every)
            continue
        asked_at = time.monotonic()
        taken = await claim_once(agent, start, wait=wait)
        if not taken:
            # A server that does not wait, as for a paused pool, must not be asked all the time.
            spent = time.monotonic() - asked_at
            await anyio.sleep(max(min(_SHORTEST_ROUND, wait) - spent, 0))


def longest_wait(poll_every: float, heartbeat_every: float) -> float:
    """Seconds that a claim waits at most for a worker that polls and says that it is there every so
    many seconds.

    Whoever waits is told of a run at once, so that a long wait makes nobody slower, and an idle
    fleet cheaper. Half a minute as a rule: after a whole one, proxies cut a connection that says
    nothing.
    """
    within_a_heartbeat = _HEARTBEATS_IN_A_WAIT * heartbeat_every
    return min(_POLLS_IN_A_WAIT * poll_every, within_a_heartbeat, LONGEST_WAIT)


async def claim_once(
    agent: AgentContext, start: Callable[[ClaimedRun], None], *, wait: float
) -> int:
    """Take as many runs as there is room for, start them, and return how many they are."""
    return _start_new(agent, start, await _ask(agent, wait=wait))


async def _claim_when_woken(
    agent: AgentContext,
    waking: Waking,
    start: Callable[[ClaimedRun], None],
    *,
    at_the_latest: float,
) -> None:
    """Take what there is; if that is nothing, wait for news, or for when the next run is due.

    What is announced and lost is found `at_the_latest` seconds later.
    """
    waking.look()
    answer = await _ask(agent, wait=0, tell_next_due=True)
    if not _start_new(agent, start, answer):
        due = answer.next_due_seconds
        rest = at_the_latest if due is None else min(max(due, _SHORTEST_REST), at_the_latest)
        await waking.news(rest)


async def _ask(agent: AgentContext, *, wait: float, tell_next_due: bool = False) -> ClaimResponse:
    """A question whose answer got lost is repeated under its own id, so that the runs that it took
    are not lost with it."""
    is_heartbeat = heartbeat.is_due_in_claims(agent)
    request = ClaimRequest(
        worker_name=agent.name,
        request_id=uuid7(),
        limit=agent.slots.free,
        wait_seconds=wait,
        work_queue_names=list(agent.options.work_queues) or None,
        prefetch_seconds=agent.options.prefetch.total_seconds(),
        tell_next_due=tell_next_due,
        heartbeat_interval_seconds=heartbeat.interval_seconds(agent) if is_heartbeat else None,
        place=agent.worker.place,
    )
    if is_heartbeat and agent.signs.in_claims:
        agent.signs.tell()
    answer = await until_it_works(
        lambda: agent.client.ask_for_runs(agent.options.pool, request),
        what=f"take runs of the work pool {agent.options.pool!r}",
    )
    agent.pulse.beat(LOOP)
    if is_heartbeat:
        await heartbeat.take_answer(agent, answer.heartbeat)
    return answer


def _start_new(
    agent: AgentContext, start: Callable[[ClaimedRun], None], answer: ClaimResponse
) -> int:
    fresh = [run for run in answer.runs if run.execution_id not in agent.slots.live]
    for run in fresh:
        start(run)
    return len(fresh)
