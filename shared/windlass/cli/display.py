"""How runs and their states look in tables and in lines."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from windlass.cli.console import Cell
from windlass.client.orchestration import SyncWindlassClient
from windlass.schemas.filters.flows import FlowFilter, FlowFilterId
from windlass.schemas.filters.queries import FlowQuery
from windlass.schemas.flow_runs import FlowRun
from windlass.schemas.states import StateType
from windlass.schemas.task_runs import TaskRun

_MOST_IDS: Final = 200
_STYLES: Final = {
    StateType.SCHEDULED: "yellow",
    StateType.PENDING: "cyan",
    StateType.RUNNING: "blue",
    StateType.COMPLETED: "green",
    StateType.FAILED: "red",
    StateType.CRASHED: "bright_red",
    StateType.CANCELLING: "magenta",
    StateType.CANCELLED: "magenta",
    StateType.PAUSED: "bright_black",
}

_STATE_NAMES: Final = (
    *("Scheduled", "Pending", "Running", "Completed", "Failed", "Crashed", "Cancelling"),
    *("Cancelled", "Paused", "Suspended", "Late", "AwaitingRetry", "Retrying", "Resuming"),
    *("AwaitingConcurrencySlot", "TimedOut", "Cached", "RolledBack"),
)


def state_name(given: str) -> str:
    """A name as the server knows it: documented ones are written in any case."""
    known = {name.lower(): name for name in _STATE_NAMES}
    return known.get(given.lower(), given)


def state_colour(type: StateType | None) -> str:
    """The colour of a type of state."""
    return _STYLES.get(type, "") if type else ""


def state_cell(run: FlowRun | TaskRun) -> Cell:
    """The state of a run, and why it waits if it does."""
    name = run.state_name or "-"
    if isinstance(run, FlowRun) and run.blocking_reason:
        name = f"{name} ({run.blocking_reason})"
    return Cell(name, state_colour(run.state_type))


def flow_names(client: SyncWindlassClient, flow_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The names of flows by their ids."""
    wanted = sorted(set(flow_ids))
    names: dict[UUID, str] = {}
    for start in range(0, len(wanted), _MOST_IDS):
        some = FlowFilterId(any_=wanted[start : start + _MOST_IDS])
        found = client.read_flows(FlowQuery(flows=FlowFilter(id=some), limit=_MOST_IDS))
        names |= {flow.id: flow.name for flow in found}
    return names
