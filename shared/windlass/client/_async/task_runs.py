"""Task runs and their states."""

from uuid import UUID

from windlass.client._async.resource import AsyncResource
from windlass.schemas.filters.queries import TaskRunCountQuery, TaskRunQuery
from windlass.schemas.orchestration import OrchestrationResult, SetState
from windlass.schemas.reports import ReportsAccepted, TaskRunReports
from windlass.schemas.states import State, StateCreate
from windlass.schemas.task_runs import TaskRun, TaskRunCreate


class AsyncTaskRuns(AsyncResource):
    """The methods for task runs."""

    async def create_task_run(self, wanted: TaskRunCreate) -> TaskRun:
        """Make a run, or find the one of the same flow run, task and dynamic key."""
        return await self._read(TaskRun, "POST", "/task_runs/", body=wanted)

    async def read_task_run(self, task_run_id: UUID) -> TaskRun:
        """Raises `ObjectNotFound`."""
        return await self._read(TaskRun, "GET", f"/task_runs/{task_run_id}")

    async def read_task_runs(self, query: TaskRunQuery | None = None) -> list[TaskRun]:
        """Runs that match, newest first unless another order is asked for."""
        body = query or TaskRunQuery()
        return await self._read_list(TaskRun, "POST", "/task_runs/filter", body=body)

    async def count_task_runs(self, query: TaskRunCountQuery | None = None) -> int:
        """How many runs match."""
        body = query or TaskRunCountQuery()
        return int((await self._request("POST", "/task_runs/count", body=body)).json())

    async def delete_task_run(self, task_run_id: UUID) -> None:
        """Delete a run with its history. Raises `ObjectNotFound`."""
        await self._request("DELETE", f"/task_runs/{task_run_id}")

    async def set_task_run_state(
        self, task_run_id: UUID, state: StateCreate, *, force: bool = False
    ) -> OrchestrationResult:
        """Propose a state; the answer says what became of it."""
        path = f"/task_runs/{task_run_id}/set_state"
        body = SetState(state=state, force=force)
        return await self._read(OrchestrationResult, "POST", path, body=body)

    async def report_task_runs(self, reports: TaskRunReports) -> ReportsAccepted:
        """Say what became of task runs that this process orchestrates."""
        return await self._read(ReportsAccepted, "POST", "/task_runs/report", body=reports)

    async def read_task_run_states(self, task_run_id: UUID) -> list[State]:
        """Every state of the run, oldest first."""
        params = {"task_run_id": str(task_run_id)}
        return await self._read_list(State, "GET", "/task_run_states/", params=params)
