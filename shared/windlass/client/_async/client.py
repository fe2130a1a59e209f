"""The client as users see it: the methods of every resource on one object."""

from types import TracebackType
from typing import Self

from windlass.client._async.artifacts import AsyncArtifacts
from windlass.client._async.automations import AsyncAutomations
from windlass.client._async.blocks import AsyncBlocks
from windlass.client._async.concurrency_limits import AsyncConcurrencyLimits
from windlass.client._async.concurrency_status import AsyncConcurrencyStatus
from windlass.client._async.dead_letters import AsyncDeadLetters
from windlass.client._async.deployments import AsyncDeployments
from windlass.client._async.events import AsyncEvents
from windlass.client._async.executions import AsyncExecutions
from windlass.client._async.flow_run_inputs import AsyncFlowRunInputs
from windlass.client._async.flow_runs import AsyncFlowRuns
from windlass.client._async.flows import AsyncFlows
from windlass.client._async.logs import AsyncLogs
from windlass.client._async.reporting import AsyncReporting
from windlass.client._async.root import AsyncRoot
from windlass.client._async.run_histories import AsyncRunHistories
from windlass.client._async.saved_searches import AsyncSavedSearches
from windlass.client._async.task_runs import AsyncTaskRuns
from windlass.client._async.variables import AsyncVariables
from windlass.client._async.work_pools import AsyncWorkPools
from windlass.client._async.work_queues import AsyncWorkQueues
from windlass.client._async.workers import AsyncWorkers


class WindlassClient(
    AsyncRoot,
    AsyncAutomations,
    AsyncBlocks,
    AsyncConcurrencyLimits,
    AsyncConcurrencyStatus,
    AsyncFlows,
    AsyncFlowRuns,
    AsyncFlowRunInputs,
    AsyncTaskRuns,
    AsyncRunHistories,
    AsyncLogs,
    AsyncDeadLetters,
    AsyncDeployments,
    AsyncEvents,
    AsyncExecutions,
    AsyncReporting,
    AsyncWorkPools,
    AsyncWorkQueues,
    AsyncWorkers,
    AsyncVariables,
    AsyncArtifacts,
    AsyncSavedSearches,
):
    """Talks to the API. An asynchronous context manager: leaving it closes its connections.

    Every method raises the `ApiError` that the server answered with (`ObjectNotFound`,
    `ObjectAlreadyExists`, `RequestInvalid`, ...) or `ServerUnreachable`.
    """

    @property
    def api_url(self) -> str:
        """The address of the API, without a slash at the end."""
        return self._transport.url

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._transport.aclose()
