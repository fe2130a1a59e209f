"""The client as users see it: the methods of every resource on one object."""

from types import TracebackType
from typing import Self

from windlass.client._async.deployments import AsyncDeployments
from windlass.client._async.executions import AsyncExecutions
from windlass.client._async.flow_runs import AsyncFlowRuns
from windlass.client._async.flows import AsyncFlows
from windlass.client._async.logs import AsyncLogs
from windlass.client._async.root import AsyncRoot
from windlass.client._async.task_runs import AsyncTaskRuns
from windlass.client._async.work_pools import AsyncWorkPools
from windlass.client._async.work_queues import AsyncWorkQueues
from windlass.client._async.workers import AsyncWorkers


class WindlassClient(
    AsyncRoot,
    AsyncFlows,
    AsyncFlowRuns,
    AsyncTaskRuns,
    AsyncLogs,
    AsyncDeployments,
    AsyncExecutions,
    AsyncWorkPools,
    AsyncWorkQueues,
    AsyncWorkers,
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
