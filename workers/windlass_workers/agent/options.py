"""What a worker is asked to do."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """How one worker is started.

    `kind` None is that of the pool; no work queues are all of them; no `limit` is none. After a
    signal to stop, runs have `grace` to end by themselves.
    """

    pool: str
    kind: str | None = None
    name: str | None = None
    work_queues: tuple[str, ...] = ()
    limit: int | None = None
    prefetch: timedelta = timedelta(seconds=10)
    run_once: bool = False
    with_healthcheck: bool = False
    grace: timedelta = timedelta(seconds=30)
