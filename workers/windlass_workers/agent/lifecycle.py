"""The agent as a whole: joins its pool, takes runs and carries them out, and ends in order."""

import logging
import socket
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

import anyio
from anyio.abc import TaskGroup

from windlass.client.orchestration import WindlassClient, client_for
from windlass.exceptions import SettingInvalid
from windlass.ids import uuid7
from windlass.reporting.folders import spool_folder
from windlass.schemas.executions import ClaimedRun
from windlass.schemas.work_pools import WorkPool
from windlass.settings import Settings
from windlass_workers.agent import cancelling, claims, heartbeat, spools, teardowns
from windlass_workers.agent.context import AgentContext
from windlass_workers.agent.joining import FindType, join_pool
from windlass_workers.agent.options import WorkerOptions
from windlass_workers.agent.pulse import Pulse
from windlass_workers.agent.records import Records
from windlass_workers.agent.runs import carry_out
from windlass_workers.agent.slots import LiveRun, Slots
from windlass_workers.agent.stopping import StopSignals, cancel_when, drain
from windlass_workers.agent.waking import OpenWakeUps, Waking
from windlass_workers.contract import WorksInBackground

_log: Final = logging.getLogger("windlass.workers")
_MISSED_POLLS: Final = 30
"""So many polls may be missed before the worker counts as unresponsive."""


async def run_worker(
    options: WorkerOptions, settings: Settings, find_type: FindType, open_wakeups: OpenWakeUps
) -> int:
    """Work until a signal says stop, or once; returns the exit code.

    Raises ConfigurationError when there is no such pool, type or broker, SettingInvalid when no
    server is named, and what the client raises while it joins the pool.
    """
    if settings.api.url is None:
        raise SettingInvalid(
            "A worker needs the address of its server: set WINDLASS_API_URL, such as"
            " http://127.0.0.1:4200/api (`windlass config set WINDLASS_API_URL=...`)."
        )
    async with client_for(settings.api.url, settings) as client:
        agent = await _join(client, options, settings, find_type)
        try:
            if options.broker_url is not None:
                agent.waking = await Waking.of(options.broker_url, open_wakeups)
            await heartbeat.beat_once(agent)
            _log.info("Worker %r started!", agent.name)
            return await _work(agent, settings)
        finally:
            if agent.waking is not None:
                await agent.waking.close()
            agent.records.close()


async def _join(
    client: WindlassClient, options: WorkerOptions, settings: Settings, find_type: FindType
) -> AgentContext:
    pool, worker_type = await join_pool(client, options, find_type)
    process_id = uuid7()
    poll_every = timedelta(seconds=settings.worker.query_seconds)
    heartbeat_every = timedelta(seconds=settings.worker.heartbeat_seconds)
    pulse = Pulse()
    pulse.expect(heartbeat.LOOP, _MISSED_POLLS * heartbeat_every)
    pulse.expect(cancelling.LOOP, _MISSED_POLLS * poll_every)
    pulse.expect(spools.LOOP, _MISSED_POLLS * heartbeat_every)
    return AgentContext(
        name=options.name or f"{worker_type.__name__} {process_id}",
        options=options,
        client=client,
        worker=worker_type(),
        pool=pool,
        slots=Slots(options.limit),
        records=Records(_records_folder(settings, pool), process_id),
        pulse=pulse,
        heartbeat_every=heartbeat_every,
        poll_every=poll_every,
        environment={"WINDLASS_API_URL": client.api_url},
        spools=spool_folder(settings),
    )


def _records_folder(settings: Settings, pool: WorkPool) -> Path:
    # By machine: several may share the home, and none can look after the runs of another.
    return settings.home.expanduser() / "workers" / socket.gethostname() / pool.name


async def _work(agent: AgentContext, settings: Settings) -> int:
    signals = StopSignals()
    in_order = False
    async with anyio.create_task_group() as background, anyio.create_task_group() as runs:
        background.start_soon(signals.listen)
        if isinstance(agent.worker, WorksInBackground):
            await background.start(agent.worker.work)
        if agent.waking is not None:
            background.start_soon(agent.waking.watch)
            await background.start(agent.waking.listen, agent.pool.id)
        background.start_soon(heartbeat.beat_forever, agent)
        background.start_soon(teardowns.tear_down_when_told, agent)
        background.start_soon(cancelling.stop_cancelled_forever, agent)
        background.start_soon(spools.adopt_forever, agent)
        if agent.options.with_healthcheck:
            await _serve_health(agent, settings, background)
        await _take_runs(agent, signals, runs)
        in_order = await drain(agent, signals)
        runs.cancel_scope.cancel()
        background.cancel_scope.cancel()
    return 0 if in_order else 1


async def _serve_health(agent: AgentContext, settings: Settings, background: TaskGroup) -> None:
    from windlass_workers.agent.health import serve_health  # noqa: PLC0415 (memory, seldom used)

    webserver = settings.worker.webserver
    await background.start(partial(serve_health, agent, webserver.host, webserver.port))


async def _take_runs(agent: AgentContext, signals: StopSignals, runs: TaskGroup) -> None:
    """Until a signal, or once."""

    def carry_on(run: LiveRun) -> None:
        agent.slots.take(run)
        runs.start_soon(carry_out, agent, run)

    def start(claimed: ClaimedRun) -> None:
        carry_on(LiveRun(claimed))

    for record in agent.records.adopt(agent.worker.kind):
        _log.info("Took over the run %r", record.claimed.flow_run.name)
        carry_on(LiveRun(record.claimed, record.handle))
    agent.pulse.expect(claims.LOOP, _MISSED_POLLS * agent.poll_every)
    async with anyio.create_task_group() as taking:
        taking.start_soon(cancel_when, signals.stop, taking.cancel_scope)
        if agent.options.run_once:
            await claims.claim_once(agent, start, wait=0)
            await agent.slots.until_empty()
        else:
            await claims.claim_forever(agent, start)
        taking.cancel_scope.cancel()
