"""The transitions that the goldens and the comparison with stock Prefect walk through.

Every situation takes a run by the steps of each origin to where it begins, and proposes each of the
proposals there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from windlass.schemas.base import JsonValue
from windlass.schemas.states import StateCreate, StateDetails, StateType

KNOWN_CACHE_KEY: Final = "known"
PERSISTED: Final = {
    "storage_key": "results/1",
    "expiration": None,
    "serializer": {"type": "json"},
    "prefect_version": "3.6.7",
    "storage_block_id": None,
}


@dataclass(frozen=True, slots=True)
class Step:
    """A state that is proposed, and forced if the rules say no."""

    state: StateCreate
    force: bool = False


@dataclass(frozen=True, slots=True)
class Situation:
    """What is true of a run besides its state, and how states are proposed to it."""

    deployed: bool = False
    in_pool: bool = False
    retries: int | None = None
    infrastructure_pid: str | None = None
    flow_run: StateType = StateType.RUNNING
    """The state of the flow run that a task run belongs to."""
    forced: bool = False


Proposal: TypeAlias = Callable[[datetime], StateCreate]
Origin: TypeAlias = Callable[[datetime], list[Step]]


@dataclass(frozen=True, slots=True)
class Walk:
    """Situations x origins x proposals, by their names."""

    situations: Mapping[str, Situation]
    origins: Mapping[str, Origin]
    proposals: Mapping[str, Proposal]

    def names(self) -> list[tuple[str, str, str]]:
        """Every combination of a situation, an origin and a proposal."""
        return [(s, o, p) for s in self.situations for o in self.origins for p in self.proposals]


RETRY_DELAY: Final = 7
_HOUR: Final = timedelta(hours=1)


def _state(
    type: StateType, name: str = "", data: JsonValue = None, **details: JsonValue
) -> StateCreate:
    return StateCreate(
        type=type, name=name, data=data, state_details=StateDetails.model_validate(details)
    )


def _always(type: StateType, **details: JsonValue) -> Proposal:
    return lambda _: _state(type, **details)


def _scheduled(name: str, after: timedelta) -> Proposal:
    return lambda now: _state(StateType.SCHEDULED, name, scheduled_time=now + after)


def _paused(name: str, after: timedelta, *, reschedule: bool = False) -> Proposal:
    return lambda now: _state(
        StateType.PAUSED,
        name,
        pause_timeout=now + after,
        pause_key="k1",
        pause_reschedule=reschedule,
    )


_PENDING: Final = _always(StateType.PENDING)
_RUNNING: Final = _always(StateType.RUNNING)
_SHARED_PROPOSALS: Final[dict[str, Proposal]] = {
    "Scheduled": _scheduled("Scheduled", -_HOUR),
    "Scheduled(future)": _scheduled("Scheduled", _HOUR),
    "AwaitingRetry": _scheduled("AwaitingRetry", -_HOUR),
    "Pending": _PENDING,
    "Running": _RUNNING,
    "Paused": _paused("Paused", _HOUR),
    "Cancelling": _always(StateType.CANCELLING),
    "Completed": _always(StateType.COMPLETED),
    "Failed": _always(StateType.FAILED),
    "Cancelled": _always(StateType.CANCELLED),
    "Crashed": _always(StateType.CRASHED),
}


def _by(*proposals: Proposal) -> Origin:
    return lambda now: [Step(proposal(now)) for proposal in proposals]


def _then_forced(*proposals: Proposal) -> Origin:
    """As `_by`, the last one forced."""

    def steps(now: datetime) -> list[Step]:
        *before, last = proposals
        return [*(Step(proposal(now)) for proposal in before), Step(last(now), force=True)]

    return steps


_SHARED_ORIGINS: Final[dict[str, Origin]] = {
    "Pending(never scheduled)": _by(),
    "Scheduled": _by(_scheduled("Scheduled", -_HOUR)),
    "Scheduled(future)": _by(_scheduled("Scheduled", _HOUR)),
    "AwaitingRetry": _then_forced(_RUNNING, _scheduled("AwaitingRetry", -_HOUR)),
    "AwaitingRetry(future)": _then_forced(_RUNNING, _scheduled("AwaitingRetry", _HOUR)),
    "Pending": _by(_scheduled("Scheduled", -_HOUR), _PENDING),
    "Running": _by(_PENDING, _RUNNING),
    "Paused": _then_forced(_RUNNING, _paused("Paused", _HOUR)),
    "Cancelling": _then_forced(_RUNNING, _always(StateType.CANCELLING)),
    "Completed": _by(_RUNNING, _always(StateType.COMPLETED)),
    "Completed(result)": _by(_RUNNING, _always(StateType.COMPLETED, data=PERSISTED)),
    "Failed": _then_forced(_RUNNING, _always(StateType.FAILED)),
    "Cancelled": _by(_RUNNING, _always(StateType.CANCELLED)),
    "Crashed": _by(_RUNNING, _always(StateType.CRASHED)),
}
_LATE: Final = _scheduled("Late", -_HOUR)
_SUSPENDED: Final = _paused("Suspended", _HOUR, reschedule=True)

FLOW_RUNS: Final = Walk(
    situations={
        "ad hoc": Situation(),
        "deployed": Situation(deployed=True),
        "deployed with retries": Situation(deployed=True, retries=1),
        "with infrastructure": Situation(deployed=True, infrastructure_pid="host:1"),
        "forced": Situation(forced=True),
    },
    origins=_SHARED_ORIGINS
    | {
        "Late": _then_forced(_scheduled("Scheduled", -_HOUR), _LATE),
        "AwaitingConcurrencySlot": _then_forced(
            _scheduled("Scheduled", -_HOUR), _scheduled("AwaitingConcurrencySlot", -_HOUR)
        ),
        "Pending(future)": _by(_scheduled("Scheduled", _HOUR), _PENDING),
        "Paused(expired)": _then_forced(_RUNNING, _paused("Paused", -_HOUR)),
        "Suspended": _then_forced(_RUNNING, _SUSPENDED),
        "Suspended(expired)": _then_forced(_RUNNING, _paused("Suspended", -_HOUR, reschedule=True)),
    },
    proposals=_SHARED_PROPOSALS | {"Late": _LATE, "Suspended": _SUSPENDED},
)

TASK_RUNS: Final = Walk(
    situations={
        "in a running flow run": Situation(),
        "with retries": Situation(retries=1),
        "in a paused flow run": Situation(flow_run=StateType.PAUSED),
        "in a cancelling flow run": Situation(flow_run=StateType.CANCELLING),
        "forced": Situation(forced=True),
    },
    origins=_SHARED_ORIGINS,
    proposals=_SHARED_PROPOSALS
    | {
        "Running(known result)": _always(StateType.RUNNING, cache_key=KNOWN_CACHE_KEY),
        "Running(refreshed)": _always(
            StateType.RUNNING, cache_key=KNOWN_CACHE_KEY, refresh_cache=True
        ),
        "Failed(not retriable)": _always(StateType.FAILED, retriable=False),
    },
)
