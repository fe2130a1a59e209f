"""Public: `Runner`, which serves deployments from this process."""

import logging
import os
import signal
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from time import monotonic
from typing import Any, Final, Unpack
from uuid import UUID

import anyio
from anyio.abc import TaskGroup

from windlass.client.orchestration import WindlassClient, client_for, get_client, sync_client_for
from windlass.clock import utc_now
from windlass.deployments.options import DeploymentOptions
from windlass.deployments.runner import RunnerDeployment
from windlass.dispatch import dispatched
from windlass.engine.exit_codes import REPORTED
from windlass.exceptions import WindlassError
from windlass.runner.health import serve_health
from windlass.runner.processes import RunProcess, started
from windlass.runner.taking import NotTaken, take
from windlass.schemas.executions import ClaimedRun, ExecutionEnded
from windlass.schemas.flow_runs import FlowRun
from windlass.settings import environment_of, get_current_settings

_log: Final = logging.getLogger("windlass.runner")
_GRACE_SECONDS: Final = 10.0


class Runner:
    """Takes the runs of some deployments and starts each as a process, up to `limit` at once.

    By default, the limit is WINDLASS_RUNNER_PROCESS_LIMIT, runs are asked for every
    WINDLASS_RUNNER_POLL_FREQUENCY seconds, and the schedules of the deployments are paused at the
    end. `webserver`: serve the health endpoint; by default, if WINDLASS_RUNNER_SERVER_ENABLE says
    so.
    """

    def __init__(
        self,
        name: str = "runner",
        *,
        limit: int | None = None,
        query_seconds: float | None = None,
        pause_on_shutdown: bool = True,
        webserver: bool | None = None,
    ) -> None:
        self._settings = get_current_settings()
        runner = self._settings.runner
        self.name = name
        self.limit = limit or runner.process_limit
        self.query_seconds = query_seconds or runner.poll_frequency
        self.pause_on_shutdown = pause_on_shutdown
        self.webserver = runner.server.enable if webserver is None else webserver
        self._deployments: dict[UUID, RunnerDeployment] = {}
        self._in_hand: set[UUID] = set()
        self._processes: set[RunProcess] = set()
        self._last_poll = monotonic()
        self._stop: anyio.Event | None = None

    async def aadd_deployment(self, deployment: RunnerDeployment) -> UUID:
        """Register a deployment, whose runs the runner takes from then on."""
        if deployment.paused is None:
            deployment = replace(deployment, paused=False)  # as the last runner left it
        id = await deployment.aapply()
        self._deployments[id] = deployment
        return id

    add_deployment = dispatched(aadd_deployment)

    async def aadd_flow(
        self, flow: Any, name: str | None = None, **options: Unpack[DeploymentOptions]
    ) -> UUID:
        """Register a deployment of a flow, by default of the name of the runner."""
        made = RunnerDeployment.from_flow(flow, name or self.name, **options)
        return await self.aadd_deployment(made)

    add_flow = dispatched(aadd_flow)

    async def start(self, run_once: bool = False) -> None:
        """Serve until SIGINT, SIGTERM or `stop`; or `run_once`: what is due, to its end."""
        self._stop = anyio.Event()
        async with get_client() as client, anyio.create_task_group() as background:
            background.start_soon(self._stop_on_signal, self._stop)
            if self.webserver:
                server = self._settings.runner.server
                background.start_soon(serve_health, server.host, server.port, self._is_healthy)
            try:
                async with anyio.create_task_group() as runs:
                    await self._serve(client, runs, run_once=run_once)
                    if not run_once:
                        runs.cancel_scope.cancel()
            finally:
                with anyio.CancelScope(shield=True):
                    if self.pause_on_shutdown and not run_once:
                        await self._pause(client)
            background.cancel_scope.cancel()

    def stop(self) -> None:
        """End `start`, from its own event loop."""
        if self._stop is not None:
            self._stop.set()

    async def _serve(self, client: WindlassClient, runs: TaskGroup, *, run_once: bool) -> None:
        assert self._stop is not None
        slots = anyio.CapacityLimiter(self.limit)
        while not self._stop.is_set():
            ahead = 0.0 if run_once else self.query_seconds
            for run in await self._due(client, ahead):
                self._in_hand.add(run.id)
                runs.start_soon(self._run, client.api_url, run, slots)
            if run_once:
                return
            with anyio.move_on_after(self.query_seconds):
                await self._stop.wait()

    async def _due(self, client: WindlassClient, ahead: float) -> list[FlowRun]:
        """Runs that are due within so many seconds and not in hand yet."""
        try:
            found = await client.get_scheduled_flow_runs_for_deployments(
                list(self._deployments), scheduled_before=utc_now() + timedelta(seconds=ahead)
            )
        except WindlassError as error:
            _log.warning("No runs could be asked for, which is tried again: %s", error)
            return []
        self._last_poll = monotonic()
        return [run for run in found if run.id not in self._in_hand]

    async def _run(self, api_url: str, run: FlowRun, slots: anyio.CapacityLimiter) -> None:
        try:
            await anyio.sleep(_seconds_until(run.next_scheduled_start_time))
            async with slots:
                claimed = await anyio.to_thread.run_sync(partial(self._take, api_url, run.id))
                await self._carry_out(api_url, claimed)
        except NotTaken as error:
            _log.info("%s", error)
        except WindlassError as error:
            _log.warning("Flow run %r was not started, which is tried again: %s", run.name, error)
        finally:
            self._in_hand.discard(run.id)

    def _take(self, api_url: str, flow_run_id: UUID) -> ClaimedRun:
        with sync_client_for(api_url, self._settings) as client:
            return take(client, flow_run_id)

    async def _carry_out(self, api_url: str, claimed: ClaimedRun) -> None:
        environment = {**os.environ, **environment_of(self._settings), "WINDLASS_API_URL": api_url}
        async with started(claimed, environment) as process:
            _log.info("Started the run %r", claimed.flow_run.name)
            try:
                code = await process.wait()
            except anyio.get_cancelled_exc_class():
                with anyio.CancelScope(shield=True):
                    await process.stop(_GRACE_SECONDS)
                    await self._report(api_url, claimed, await process.wait())
                raise
        await self._report(api_url, claimed, code)

    async def _report(self, api_url: str, claimed: ClaimedRun, code: int) -> None:
        _log.info("The run %r ended with status %d", claimed.flow_run.name, code)
        if code in REPORTED:
            return
        ended = ExecutionEnded(
            execution_id=claimed.execution_id,
            exit_code=code if code >= 0 else 128 - code,
            reason=f"The process of the run ended with status {code}.",
            crashed=True,
        )
        async with client_for(api_url, self._settings) as client:
            await client.report_ended(ended)

    async def _pause(self, client: WindlassClient) -> None:
        for id, deployment in self._deployments.items():
            try:
                if (await client.read_deployment(id)).schedules:
                    await client.pause_deployment(id)
                    _log.info("Paused the schedules of %s", deployment.full_name)
            except WindlassError as error:
                _log.warning("%s was not paused: %s", deployment.full_name, error)

    def _is_healthy(self) -> bool:
        missed = self._settings.runner.server.missed_polls_tolerance
        return monotonic() - self._last_poll <= self.query_seconds * (missed + 1)

    async def _stop_on_signal(self, stop: anyio.Event) -> None:
        with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
            async for _ in signals:
                stop.set()


def _seconds_until(moment: datetime | None) -> float:
    return max((moment - utc_now()).total_seconds(), 0.0) if moment else 0.0
