"""Reports: what a flow-run process says about its task runs, many in one request.

The server makes a ``prefect.task-run.<state name>`` event of each reported state.
"""

from uuid import UUID

from pydantic import Field

from windlass.schemas.base import JsonObject, JsonValue, Shape, Timestamp
from windlass.schemas.fields import NotNegative
from windlass.schemas.states import StateType
from windlass.schemas.task_runs import TaskRunInputs


class ReportedState(Shape):
    """A state that a task run entered.

    `details` are fields of `StateDetails`: only those that say something. `run_count` is the
    attempt that the state belongs to, from 1; 0 before the first.
    """

    id: UUID
    type: StateType
    name: str
    timestamp: Timestamp
    message: str | None = None
    details: JsonObject | None = None
    data: JsonValue | None = None
    run_count: NotNegative = 0


class TaskRunReport(Shape):
    """States of one task run, oldest first, with what is needed to make the run of them.

    `previous` is the state before the first of `states`, where an earlier report had it.
    `empirical_policy` holds fields of `TaskRunPolicy`: only those that say something.
    """

    id: UUID
    flow_run_id: UUID | None = None
    task_key: str
    dynamic_key: str
    name: str
    tags: list[str] = Field(default_factory=list)
    task_version: str | None = None
    task_inputs: TaskRunInputs = Field(default_factory=TaskRunInputs)
    empirical_policy: JsonObject | None = None
    run_count: NotNegative = 0
    previous: ReportedState | None = None
    states: list[ReportedState]


class TaskRunReports(Shape):
    """The reports that one process sends at once."""

    reports: list[TaskRunReport]


class ReportsAccepted(Shape):
    """How many reports are stored, counting those that were stored before."""

    accepted: int
