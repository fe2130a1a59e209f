"""The client as users see it: the methods of every resource on one object."""

from types import TracebackType
from typing import Self

from windlass.client._sync.artifacts import SyncArtifacts
from windlass.client._sync.automations import SyncAutomations
from windlass.client._sync.blocks import SyncBlocks
from windlass.client._sync.concurrency_limits import SyncConcurrencyLimits
from windlass.client._sync.concurrency_status import SyncConcurrencyStatus
from windlass.client._sync.dead_letters import SyncDeadLetters
from windlass.client._sync.deployments import SyncDeployments
from windlass.client._sync.events import SyncEvents
from windlass.client._sync.executions import SyncExecutions
from windlass.client._sync.flow_run_inputs import SyncFlowRunInputs
from windlass.client._sync.flow_runs import SyncFlowRuns
from windlass.client._sync.flows import SyncFlows
from windlass.client._sync.logs import SyncLogs
from windlass.client._sync.reporting import SyncReporting
from windlass.client._sync.root import SyncRoot
from windlass.client._sync.run_histories import SyncRunHistories
from windlass.client._sync.saved_searches import SyncSavedSearches
from windlass.client._sync.task_runs import SyncTaskRuns
from windlass.client._sync.variables import SyncVariables
from windlass.client._sync.work_pools import SyncWorkPools
from windlass.client._sync.work_queues import SyncWorkQueues
from windlass.client._sync.workers import SyncWorkers


class SyncWindlassClient(
    SyncRoot,
    SyncAutomations,
    SyncBlocks,
    SyncConcurrencyLimits,
    SyncConcurrencyStatus,
    SyncFlows,
    SyncFlowRuns,
    SyncFlowRunInputs,
    SyncTaskRuns,
    SyncRunHistories,
    SyncLogs,
    SyncDeadLetters,
    SyncDeployments,
    SyncEvents,
    SyncExecutions,
    SyncReporting,
    SyncWorkPools,
    SyncWorkQueues,
    SyncWorkers,
    SyncVariables,
    SyncArtifacts,
    SyncSavedSearches,
):
    """Talks to the API. A context manager: leaving it closes its connections.

    Every method raises the `ApiError` that the server answered with (`ObjectNotFound`,
    `ObjectAlreadyExists`, `RequestInvalid`, ...) or `ServerUnreachable`.
    """

    @property
    def api_url(self) -> str:
        """The address of the API, without a slash at the end."""
        return self._transport.url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._transport.close()
