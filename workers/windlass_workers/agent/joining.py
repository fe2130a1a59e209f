"""Finding the pool to work for, or making it, and the type to do it with."""

import logging
from collections.abc import Callable
from typing import Final

from windlass.client.orchestration import WindlassClient
from windlass.exceptions import ConfigurationError, ObjectAlreadyExists, ObjectNotFound
from windlass.schemas.work_pools import WorkPool, WorkPoolCreate
from windlass.schemas.work_queues import WorkQueueCreate
from windlass_workers.agent.options import WorkerOptions
from windlass_workers.agent.template import base_job_template
from windlass_workers.contract import JobVariables, Worker

_log: Final = logging.getLogger("windlass.workers")
_USUAL_KIND: Final = "process"

WorkerType = type[Worker[JobVariables]]
FindType = Callable[[str], WorkerType | None]


async def join_pool(
    client: WindlassClient, options: WorkerOptions, find_type: FindType
) -> tuple[WorkPool, WorkerType]:
    """The pool and the class of its type. A pool that is missing is made: of the type that was
    named, else for processes.

    Work queues that are missing are made. Raises ConfigurationError, and what the client raises.
    """
    try:
        pool = await client.read_work_pool(options.pool)
    except ObjectNotFound:
        pool = await _make_pool(client, options, find_type)
    kind = _kind(pool, options)
    if options.kind is None:
        _log.info("Discovered worker type %r for work pool %r.", kind, pool.name)
    worker_type = _known_type(kind, find_type)
    for name in options.work_queues:
        await _ensure_queue(client, pool.name, name)
    return pool, worker_type


def _kind(pool: WorkPool, options: WorkerOptions) -> str:
    if options.kind not in (None, pool.type):
        raise ConfigurationError(
            f"The work pool {pool.name!r} is of type {pool.type!r}, and this worker of type"
            f" {options.kind!r}: a worker serves pools of its own type only. Leave `--type` out,"
            " or name another pool."
        )
    return pool.type


def _known_type(kind: str, find_type: FindType) -> WorkerType:
    worker_type = find_type(kind)
    if worker_type is None:
        raise ConfigurationError(
            f"There is no worker type {kind!r} in this installation of windlass. Name a work pool"
            " of a type that there is, such as `process`."
        )
    return worker_type


async def _make_pool(
    client: WindlassClient, options: WorkerOptions, find_type: FindType
) -> WorkPool:
    kind = options.kind or _USUAL_KIND
    worker_type = _known_type(kind, find_type)
    wanted = WorkPoolCreate(
        name=options.pool,
        type=kind,
        base_job_template=base_job_template(worker_type.variables()),
    )
    try:
        pool = await client.create_work_pool(wanted)
    except ObjectAlreadyExists:
        return await client.read_work_pool(options.pool)  # another worker was faster
    _log.info("Work pool %r of type %r created.", pool.name, kind)
    return pool


async def _ensure_queue(client: WindlassClient, pool: str, name: str) -> None:
    try:
        await client.read_work_queue_by_name(pool, name)
    except ObjectNotFound:
        try:
            await client.create_work_queue(pool, WorkQueueCreate(name=name))
        except ObjectAlreadyExists:
            return
        _log.info("Work queue %r created in work pool %r.", name, pool)
