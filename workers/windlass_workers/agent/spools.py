"""What processes that are over had no chance to tell: taken over from their spools, and told."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Final

import anyio

from windlass.exceptions import Forbidden, NotAuthenticated
from windlass.reporting.dead_letters import DeadLetters
from windlass.reporting.delivery import Settling
from windlass.reporting.folders import of_refused, of_this_machine
from windlass.reporting.routes import ROUTES, Route
from windlass.reporting.spool import CAN_SPOOL, Spool, left_behind
from windlass_workers.agent.backoff import until_it_works
from windlass_workers.agent.context import AgentContext

LOOP: Final = "spools"
_log: Final = logging.getLogger("windlass.workers")
_BATCH: Final = 250
_LONGEST_PAUSE: Final = 5.0


async def adopt_forever(agent: AgentContext) -> None:
    """Tell what any dead process of this machine left behind, but for runs that are under way.

    Those are seen to by whoever waits for their end.
    """
    while True:
        await _adopt(agent, lambda execution_id: execution_id not in agent.slots.live)
        agent.pulse.beat(LOOP)
        await anyio.sleep(agent.heartbeat_every.total_seconds())


async def adopt_of(agent: AgentContext, execution_id: str) -> None:
    """Tell what the processes of an execution left behind. Raises nothing."""
    await _adopt(agent, lambda found: found == execution_id)


async def _adopt(agent: AgentContext, is_wanted: Callable[[str | None], bool]) -> None:
    if agent.spools is None or not CAN_SPOOL:
        return
    refused = DeadLetters(of_refused(agent.spools))
    for spool in left_behind(of_this_machine(agent.spools), agent.client.api_url, is_wanted):
        try:
            for route in ROUTES:
                await _tell(agent, spool, route, refused)
            spool.remove()
        except OSError:
            _log.exception("The spool %s cannot be read", spool.folder)
        else:
            _log.info("Told what process %s had left to tell", spool.about.get("process_id"))
        finally:
            spool.forget()


async def _tell(agent: AgentContext, spool: Spool, route: Route, refused: DeadLetters) -> None:
    file = spool.file(route)
    while file is not None and (head := file.head(_BATCH)).lines:
        settling = Settling(route, head.lines, refused)
        while settling.portion:
            await until_it_works(
                partial(_send, agent, route, settling),
                what="tell what a process that is over had left to tell",
                longest_pause=_LONGEST_PAUSE,
            )
            if settling.done:
                file.settle(head.ends[settling.done - 1])


async def _send(agent: AgentContext, route: Route, settling: Settling) -> None:
    try:
        await agent.client.send_report(route.path, route.body(settling.portion))
    except (Forbidden, NotAuthenticated):
        raise  # that is about us, and not about what is to be told
    except Exception as error:
        if not settling.refused(error):
            raise
    else:
        settling.arrived()
