"""Following a flow run: its states and its logs, as they come."""

import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import click

from windlass.cli.console import fail, say
from windlass.cli.display import state_colour
from windlass.cli.paging import every
from windlass.client.orchestration import SyncWindlassClient
from windlass.schemas.filters.logs import (
    LogFilter,
    LogFilterFlowRunId,
    LogFilterTimestamp,
    LogQuery,
)
from windlass.schemas.flow_runs import FlowRun
from windlass.schemas.logs import Log
from windlass.schemas.states import State, StateType

INTERVAL: Final = 0.5
"""Seconds between two looks at a run that is followed."""

_OVERLAP: Final = timedelta(seconds=10)
_STRAGGLERS: Final = (0.1, 0.4)
"""Seconds before each look for lines of a log that arrive after the final state."""

_LEVEL_COLOURS: Final = {"WARNING": "yellow", "ERROR": "red", "CRITICAL": "bright_red"}


@dataclass(slots=True)
class Follower:
    """Tells of one run what it has not told yet. `with_states` and `with_logs` say of what."""

    client: SyncWindlassClient
    flow_run_id: UUID
    with_states: bool = True
    with_logs: bool = True
    _told: set[UUID] = field(default_factory=set[UUID])
    _since: datetime | None = None

    def news(self) -> Iterator[str]:
        """Lines that are new, in the order of their moments."""
        fresh: list[State | Log] = []
        if self.with_states:
            fresh += self.client.read_flow_run_states(self.flow_run_id)
        if self.with_logs:
            fresh += self._logs()
        return self.told(sorted(fresh, key=lambda each: each.timestamp))

    def told(self, what: Iterable[State | Log]) -> Iterator[str]:
        """The lines of what is not told yet, which then is."""
        for one in what:
            if one.id not in self._told:
                self._told.add(one.id)
                yield state_line(one) if isinstance(one, State) else log_line(one)

    def _logs(self) -> list[Log]:
        # Lines arrive in batches, from several threads: late ones are older than the last one.
        after = self._since and LogFilterTimestamp(after_=self._since - _OVERLAP)
        criteria = LogFilter(
            flow_run_id=LogFilterFlowRunId(any_=[self.flow_run_id]), timestamp=after
        )
        found = list(
            every(
                lambda offset, limit: self.client.read_logs(
                    LogQuery(logs=criteria, offset=offset, limit=limit)
                )
            )
        )
        if found:
            self._since = found[-1].timestamp
        return found


def watch(
    client: SyncWindlassClient, flow_run_id: UUID, *, interval: float, timeout: float | None
) -> None:
    """Print the states and the logs of a run until it is finished.

    Leaves with 1 when the run does not complete, or is not finished after `timeout` seconds.
    """
    run = follow(Follower(client, flow_run_id), interval=interval, timeout=timeout)
    if run is None:
        fail(f"Flow run {flow_run_id} is not finished after {timeout:g} seconds.")
    if run.state_type is not StateType.COMPLETED:
        fail(f"Flow run {run.name!r} ended {run.state_name}.")
    say(f"Flow run {run.name!r} completed.")


def follow(
    follower: Follower, *, interval: float = INTERVAL, timeout: float | None = None
) -> FlowRun | None:
    """Print what happens to a run until it is finished, and return it as it is then.

    None if it is not finished after `timeout` seconds.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    while True:
        run = follower.client.read_flow_run(follower.flow_run_id)
        for line in follower.news():
            click.echo(line)
        if run.state is not None and run.state.is_final():
            break
        if deadline is not None and time.monotonic() + interval > deadline:
            return None
        time.sleep(interval)
    if follower.with_logs:
        _tell_stragglers(follower)
    return run


def state_line(state: State) -> str:
    """One line about a state that a run entered."""
    name = click.style(state.name, fg=state_colour(state.type) or None, bold=True)
    message = f": {state.message}" if state.message else ""
    return f"{_clock(state.timestamp)} | STATE   | {name}{message}"


def log_line(log: Log) -> str:
    """One line of a log."""
    level = logging.getLevelName(log.level)
    shown = click.style(f"{level:<7}", fg=_LEVEL_COLOURS.get(level))
    return f"{_clock(log.timestamp)} | {shown} | {log.name} - {log.message}"


def _tell_stragglers(follower: Follower) -> None:
    for pause in _STRAGGLERS:
        time.sleep(pause)
        for line in follower.news():
            click.echo(line)


def _clock(moment: datetime) -> str:
    return moment.astimezone().strftime("%H:%M:%S.%f")[:-3]
