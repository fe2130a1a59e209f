"""Stopping the agent: no new runs, time for those under way, then force; never silence."""

import logging
import os
import signal
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import anyio

from windlass_workers.agent.cancelling import stop_run
from windlass_workers.agent.context import AgentContext

_log: Final = logging.getLogger("windlass.workers")
_FORCED_GRACE: Final = timedelta(seconds=5)
_TIME_TO_REPORT: Final = timedelta(seconds=10)


@dataclass(slots=True)
class StopSignals:
    """What was asked of the agent: to stop in order, or at once."""

    stop: anyio.Event = field(default_factory=anyio.Event)
    at_once: anyio.Event = field(default_factory=anyio.Event)

    async def listen(self) -> None:
        """The first SIGTERM or SIGINT stops in order, the second at once, the third by force."""
        with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
            async for number in signals:
                if self.at_once.is_set():
                    os._exit(128 + number)
                if self.stop.is_set():
                    self.at_once.set()
                _log.info("Stopping on %s", number.name)
                self.stop.set()


async def drain(agent: AgentContext, signals: StopSignals) -> bool:
    """Let runs end by themselves, then stop them; whether the end of each was reported.

    Runs have the grace of the options, or none after a second signal.
    """
    if agent.slots.live:
        _log.info("Runs under way: %d; waiting for them to end", len(agent.slots.live))
    with anyio.move_on_after(agent.options.grace.total_seconds()):
        async with anyio.create_task_group() as either:
            either.start_soon(cancel_when, signals.at_once, either.cancel_scope)
            await agent.slots.until_empty()
            either.cancel_scope.cancel()
    grace = timedelta() if signals.at_once.is_set() else _FORCED_GRACE
    with anyio.move_on_after((grace + _TIME_TO_REPORT).total_seconds()):
        await _stop_everything(agent, grace)
        await agent.slots.until_empty()
    return not agent.slots.live


async def _stop_everything(agent: AgentContext, grace: timedelta) -> None:
    async with anyio.create_task_group() as stops:
        for run in list(agent.slots.live.values()):
            run.stop_reason = run.stop_reason or "The worker was stopped, and the run with it."
            stops.start_soon(stop_run, agent, run, grace)


async def cancel_when(event: anyio.Event, scope: anyio.CancelScope) -> None:
    """Cancel the scope when the event happens."""
    await event.wait()
    scope.cancel()
