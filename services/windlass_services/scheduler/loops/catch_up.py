"""Close scheduled runs that nobody took, where their deployments say that they are not wanted."""

from datetime import timedelta
from typing import Final

from windlass.ids import uuid7
from windlass.schemas.catch_up import CatchUp
from windlass.schemas.state_constructors import Cancelled
from windlass_services.orchestration.context import ServiceContext
from windlass_services.runtime.loop import Duty
from windlass_services.scheduler.proposing import propose
from windlass_services.storage.catch_up import read_skipped_runs

_BATCH: Final = 500
_EVERY: Final = timedelta(seconds=5)


def duty(services: ServiceContext) -> Duty | None:
    """Also while no worker is there: a backlog that nobody wants does not grow."""

    async def once() -> int:
        return await skip_runs(services)

    return Duty("catch-up", _EVERY, once, busy_at=_BATCH)


async def skip_runs(services: ServiceContext) -> int:
    """Do one pass; returns how many runs were superseded. One that was taken meanwhile goes on."""
    now = services.clock()
    late_after = services.settings.server.services.late_runs.after_seconds
    async with services.database.read() as connection:
        skipped = await read_skipped_runs(connection, now=now, late_after=late_after, limit=_BATCH)
    for run in skipped:
        message = _why(run.policy, late_after)
        skipped_now = Cancelled(id=uuid7(), now=now, name="Skipped", message=message)
        await propose(services, run, skipped_now)
    return len(skipped)


def _why(policy: CatchUp, late_after: timedelta) -> str:
    match policy:
        case "none":
            reason = f"nobody took the run within {late_after.total_seconds():g} seconds"
        case int() if policy > 1:
            reason = f"{policy} newer runs are due"
        case _:
            reason = "a newer run is due"
    return f"The catch-up policy of the deployment is {policy}, and {reason}."
