"""Task runs as the process that runs them knows them; the server has a copy, a moment later."""

from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import UUID

from windlass.schemas.base import JsonObject
from windlass.schemas.states import State, StateDetails, StateType

if TYPE_CHECKING:
    from windlass.schemas.task_runs import TaskRun


class Entered(NamedTuple):
    """A state that a task run entered: a tuple, since every task run makes three of them.

    `details` are fields of `StateDetails`; `data` is a `LocalResult` or an exception, and stays
    in this process; `stored` says where others find it.
    """

    id: UUID
    type: StateType
    name: str
    timestamp: datetime
    message: str | None = None
    details: Mapping[str, Any] | None = None
    data: Any = None
    run_count: int = 0
    stored: JsonObject | None = None


class TaskRunRecord:
    """A task run: what never changes about it, the state it is in, and what is not sent yet."""

    __slots__ = ("ended", "entered", "id", "identity", "is_queued", "name", "run_count", "sent",
                 "started", "unsent")  # fmt: skip

    def __init__(self, id: UUID, name: str, identity: "Identity") -> None:
        self.id = id
        self.name = name
        self.identity = identity
        self.run_count = 0
        self.entered: Entered | None = None
        self.started: datetime | None = None
        self.ended: datetime | None = None
        self.unsent: deque[Entered] = deque()
        self.sent: Entered | None = None
        self.is_queued = False

    def enter(self, entered: Entered) -> None:
        """Be in this state from now on."""
        self.entered = entered
        if entered.type is StateType.RUNNING and self.started is None:
            self.started = entered.timestamp
        self.ended = entered.timestamp if entered.type in _ENDS else None
        self.unsent.append(entered)

    def state(self) -> State:
        """The state that the run is in."""
        if self.entered is None:
            raise ValueError(f"Task run {self.name!r} is in no state yet.")
        return _state_of(self.entered, self)

    def task_run(self) -> "TaskRun":
        """The run as the API has it."""
        from windlass.schemas.task_runs import TaskRun, TaskRunPolicy  # noqa: PLC0415

        state, identity = self.state(), self.identity
        return TaskRun(
            id=self.id,
            name=self.name,
            flow_run_id=identity.flow_run_id,
            task_key=identity.task_key,
            dynamic_key=identity.dynamic_key,
            task_version=identity.task_version,
            tags=list(identity.tags),
            task_inputs={name: list(found) for name, found in identity.task_inputs.items()},
            empirical_policy=TaskRunPolicy.model_validate(identity.empirical_policy),
            run_count=self.run_count,
            start_time=self.started,
            end_time=self.ended,
            total_run_time=_between(self.started, self.ended),
            state_id=state.id,
            state_type=state.type,
            state_name=state.name,
            state=state,
        )


class Identity(NamedTuple):
    """What never changes about a task run."""

    task_key: str
    dynamic_key: str
    flow_run_id: UUID | None = None
    tags: tuple[str, ...] = ()
    task_version: str | None = None
    task_inputs: Mapping[str, list[Any]] = {}
    empirical_policy: Mapping[str, Any] = {}


_ENDS: Final = frozenset(
    {StateType.COMPLETED, StateType.FAILED, StateType.CANCELLED, StateType.CRASHED}
)


def take_report(record: TaskRunRecord) -> JsonObject | None:
    """Everything about `record` that is not sent yet, as a `TaskRunReport`; None if there is none.

    The order of the lines matters: what enters a state after `is_queued` is false queues the
    record again, and what entered one before is found here.
    """
    record.is_queued = False
    states: list[JsonObject] = []
    previous = record.sent
    while record.unsent:
        record.sent = record.unsent.popleft()
        states.append(_reported(record.sent))
    if not states:
        return None
    identity = record.identity
    report: JsonObject = {
        "id": record.id,
        "flow_run_id": identity.flow_run_id,
        "task_key": identity.task_key,
        "dynamic_key": identity.dynamic_key,
        "name": record.name,
        "run_count": record.run_count,
        "states": states,
    }
    if identity.tags:
        report["tags"] = identity.tags
    if identity.task_version is not None:
        report["task_version"] = identity.task_version
    if identity.task_inputs:
        report["task_inputs"] = identity.task_inputs
    if identity.empirical_policy:
        report["empirical_policy"] = identity.empirical_policy
    if previous is not None:
        report["previous"] = _reported(previous)
    return report


def _reported(entered: Entered) -> JsonObject:
    reported: JsonObject = {
        "id": entered.id,
        "type": entered.type,
        "name": entered.name,
        "timestamp": entered.timestamp,
        "run_count": entered.run_count,
    }
    if entered.message is not None:
        reported["message"] = entered.message
    if entered.details:
        reported["details"] = entered.details
    if entered.stored is not None:
        reported["data"] = entered.stored
    return reported


def _state_of(entered: Entered, record: TaskRunRecord) -> State:
    return State.model_construct(
        id=entered.id,
        type=entered.type,
        name=entered.name,
        timestamp=entered.timestamp,
        message=entered.message,
        data=entered.data,
        state_details=StateDetails.model_construct(
            None,
            **(entered.details or {}),
            flow_run_id=record.identity.flow_run_id,
            task_run_id=record.id,
        ),
    )


def _between(start: datetime | None, end: datetime | None) -> timedelta:
    return end - start if start is not None and end is not None else timedelta(0)
