"""The one place where a duty meets time."""

import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import anyio
import anyio.lowlevel

from windlass_services.runtime.metrics import LOOP_FAILURES, LOOP_PASS
from windlass_services.runtime.pulse import Pulse

_log: Final = logging.getLogger(__name__)
_GRACE: Final = timedelta(seconds=30)
_AT_ONCE: Final = timedelta(0)


@dataclass(frozen=True, slots=True)
class Duty:
    """Work that is done again and again. `once` does one pass and returns how much it did.

    A pass that did as much as `busy_at` or more is followed by the next one at once: there is
    more. `wake`, where given, returns when there is a reason to look before `every` is over.
    """

    name: str
    every: timedelta
    once: Callable[[], Awaitable[int]]
    busy_at: int = 0
    wake: Callable[[], Awaitable[None]] | None = None
    timeout: timedelta = timedelta(seconds=60)


async def perform(duty: Duty, pulse: Pulse, grace: timedelta = _AT_ONCE) -> None:
    """Do the duty until cancelled; a pass that is under way then has `grace` to come to its end.

    A failed pass is logged and tried again; its silence shows in `pulse`, which is what liveness is
    made of.
    """
    pulse.expect(duty.name, 3 * duty.every + duty.timeout + _GRACE)
    LOOP_FAILURES.labels(duty.name)
    while True:
        # A duty that waits for nothing must still let the others run.
        await anyio.lowlevel.checkpoint()
        done = await _to_its_end(duty, pulse, grace)
        if duty.busy_at and done >= duty.busy_at:
            continue
        await _rest(duty)


async def _to_its_end(duty: Duty, pulse: Pulse, grace: timedelta) -> int:
    if not grace:
        return await _pass(duty, pulse)
    work, done = anyio.CancelScope(shield=True), 0
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_limit_once_cancelled, work, grace)
        with work:
            done = await _pass(duty, pulse)
        tasks.cancel_scope.cancel()
    return done


async def _limit_once_cancelled(work: anyio.CancelScope, grace: timedelta) -> None:
    try:
        await anyio.sleep_forever()
    finally:
        work.deadline = anyio.current_time() + grace.total_seconds()


async def _pass(duty: Duty, pulse: Pulse) -> int:
    begun = time.monotonic()
    try:
        with anyio.fail_after(duty.timeout.total_seconds()):
            done = await duty.once()
    except Exception:
        _log.exception("The duty %s failed; it is tried again", duty.name)
        LOOP_FAILURES.labels(duty.name).inc()
        return 0
    LOOP_PASS.labels(duty.name).observe(time.monotonic() - begun)
    pulse.beat(duty.name)
    return done


async def _rest(duty: Duty) -> None:
    with anyio.move_on_after(duty.every.total_seconds()):
        if duty.wake is None:
            await anyio.sleep_forever()
        else:
            await duty.wake()
