"""What a worker is asked to do."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """How one worker is started.

    `kind` None is that of the pool; no work queues are all of them; no `limit` is none. After a
    signal to stop the worker, runs have `grace` to end by themselves; a run that is stopped has
    `stop_grace` from SIGTERM, or what is like it, to force. With a `broker_url` the worker is woken
    by the broker of the server, else by its API.
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
    stop_grace: timedelta = timedelta(seconds=30)
    broker_url: str | None = None
